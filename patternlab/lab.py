"""Labs: check an answer, say what is wrong with it in a sentence, give hints, open the solution. Prints plain text."""
import importlib.util
import json
import os
import textwrap
import time
from pathlib import Path

from . import patterns
from .checking.answers import at_once, blank, raised, stumbled, verdict
from .checking.calls import kind
from .checking.limits import CHECK, limited
from .checking.outcomes import Exercise, Raised, Result, Wrong
from .engines import place


class Lab:
    """The exercises of one lab ("03-medallion") and how far the learner is; `results[n]` holds the last Result."""

    def __init__(self, name: str):
        self.name, self.results, self._unwritten = name, {}, None
        room = f"{__package__}.patterns.{patterns.room(name)}"
        if not importlib.util.find_spec(room):
            raise ValueError(f"There is no lab {name!r} ({room} is missing). Write its file's name: Lab('03-x').")
        self._exercises = importlib.import_module(f"{room}.lab").EXERCISES

    def check(self, n: int, answer) -> None:
        """Judge `answer` (a value, function, frame or table path) and print one of four outcomes; never raises."""
        exercise, began, show, line = self._exercise(n), time.perf_counter(), None, None
        try:
            left = blank(answer)
            if answer is None:
                raise Wrong("Your answer is None: there is nothing in it to check. A call that only prints, shows or writes "
                            "gives None; hand over the function or the value itself.")
            line = exercise.works and not left and at_once(f"Exercise {n}, {exercise.title}: this check {exercise.works()}.")
            with limited(CHECK, lambda: "your answer, when the check looked at it", "The check of your answer did not end"):
                result = Result("not attempted", left) if left else Result("right", exercise.check(answer) or "")
        except Wrong as wrong:
            result, show = Result("not yet", wrong.sentence), wrong.show
        except Exception as error:  # a lazy frame fails only when the check looks at it
            sentence, show = raised(error)
            result = Result("raised", sentence)
            if stumbled(error):
                show = f"the check met {sentence}"
                result = Result("not yet", f"The check can't read your answer: it is {kind(answer)}. Compare its kind, and the "
                                           "kind of what it returns, with the Goal.")
        result.seconds = time.perf_counter() - began
        self.results[n], kept = result, True
        if result.outcome != "not attempted":
            note = self._read()
            entry = note.setdefault(str(n), {})
            entry["attempts"] = entry.get("attempts", 0) + 1
            entry["right"] = entry.get("right", False) or result.outcome == "right"
            kept = self._write(note)
        said = {"not attempted": "not attempted yet.", "raised": "your code raised"}.get(result.outcome, result.outcome + ".")
        verdict(f"Exercise {n}, {exercise.title}: {said} {result.sentence}".rstrip(), show, line)
        if not kept:
            print(f"Note: your progress could not be kept ({self._why}). It counts until this kernel ends.")

    def hint(self, n: int) -> None:
        """Print the direction at the first call, and the call to use as well from the second on."""
        hints, note = self._exercise(n).hints, self._read()
        entry = note.setdefault(str(n), {})
        entry["hints"] = min(entry.get("hints", 0) + 1, len(hints))
        self._write(note)
        for number, hint in enumerate(hints[:entry["hints"]], 1):
            print(f"Hint {number} of {len(hints)}: {hint}")

    def solution(self, n: int) -> None:
        """Print a right answer and why it is right; opens after one real attempt."""
        exercise = self._exercise(n)
        if not self._read().get(str(n), {}).get("attempts"):
            print(f"The solution opens after one real attempt: run lab.check({n}, ...) with an answer of yours first.")
            return
        from .commands.build import reference
        code = textwrap.indent(reference(self.name, n), "    ")
        print(f"Exercise {n}, {exercise.title}: one right answer\n\n{code}\n\nWhy: {exercise.why}")

    def progress(self) -> None:
        """Print one line per exercise: what it is, how long it takes, where you are."""
        note = self._read()
        for n, exercise in sorted(self._exercises.items()):
            entry = note.get(str(n), {})
            attempts = entry.get("attempts", 0)
            where = "right" if entry.get("right") else f"tries: {attempts}" if attempts else "open"
            print(f"{n}  {where:<9} {exercise.title}{' *' * exercise.starred} ({exercise.minutes} minutes)")

    def reset(self, n: int) -> None:
        """Forget attempts and hints of exercise n, so that it is new again."""
        self._exercise(n)
        note = self._read()
        note.pop(str(n), None)
        self.results.pop(n, None)
        self._write(note)
        print(f"Exercise {n} is new again. For its blank cell: python3 kit.py reset labs/{self.name} {n}")

    def _exercise(self, n):
        if n not in self._exercises:
            raise ValueError(f"Lab {self.name} has no exercise {n!r}; it has {sorted(self._exercises)}.")
        return self._exercises[n]

    def _file(self) -> Path:
        return Path(place.setting("PROGRESS") or place.state("progress")) / f"{self.name}.json"

    def _read(self) -> dict:
        if self._unwritten is not None:
            return self._unwritten
        try:
            note = json.loads(self._file().read_text("utf-8"))
        except (OSError, ValueError):  # none yet, not to be read, or cut short by a full disk: start again
            return {}
        return note if isinstance(note, dict) else {}

    def _write(self, note: dict) -> bool:
        """Keep how far the learner is; False where the disk did not take it, then it is kept in this object."""
        self._unwritten, file = None, None
        try:
            file = self._file()
            half = file.with_suffix(f".{os.getpid()}")
            try:
                half.write_text(json.dumps(note, indent=1, sort_keys=True), "utf-8")
                os.replace(half, file)
            finally:
                half.unlink(missing_ok=True)
        except OSError as error:
            self._unwritten, self._why = note, f"{error.strerror}: {file.parent}" if file else str(error).rstrip(".")
        return self._unwritten is None
