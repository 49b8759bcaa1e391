"""Labs: check an answer, say what is wrong with it in a sentence, give hints, open the solution. Prints plain text."""
import ast
import importlib.util
import inspect
import json
import linecache
import os
import re
import sysconfig
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from .engines import place


class Wrong(Exception):
    """A check's refusal: one sentence for the learner and, where it helps, a small frame or text to look at."""

    def __init__(self, sentence: str, show=None):
        super().__init__(sentence)
        self.sentence, self.show = sentence, show


class Raised(Exception):
    """The learner's code raised `error` when it was given `given` (a text); `_matchers.ask` makes it."""

    def __init__(self, error: Exception, given: str):
        super().__init__(str(error))
        self.error, self.given = error, given


@dataclass(frozen=True)
class Exercise:
    """One exercise. `check(answer)` returns None or a closing sentence, or raises Wrong; hints = (direction, call)."""
    title: str
    check: callable
    hints: tuple
    why: str
    minutes: int = 10
    starred: bool = False


@dataclass
class Result:
    """What a check found: outcome is 'not attempted', 'right', 'not yet' or 'raised'."""
    outcome: str
    sentence: str = ""
    seconds: float = field(default=0.0, compare=False)


class Lab:
    """The exercises of one lab ("03-medallion") and how far the learner is; `results[n]` holds the last Result."""

    def __init__(self, name: str):
        self.name, self.results = name, {}
        module = f"{__package__}.checks." + re.sub(r"^\d+-", "", name).replace("-", "_")
        if not importlib.util.find_spec(module):
            raise ValueError(f"There is no lab {name!r} ({module} is missing). Write its file's name: Lab('03-x').")
        self._exercises = importlib.import_module(module).EXERCISES

    def check(self, n: int, answer) -> None:
        """Judge `answer` (a value, function, frame or table path) and print one of four outcomes; never raises."""
        exercise, began, show = self._exercise(n), time.perf_counter(), None
        try:
            blank = _blank(answer)
            if blank:
                result = Result("not attempted", blank)
            else:
                result = Result("right", exercise.check(answer) or "")
        except Wrong as wrong:
            result, show = Result("not yet", wrong.sentence), wrong.show
        except Raised as raised:
            result, show = _raised(raised.error, raised.given)
        except Exception as error:  # a lazy frame fails only when the check looks at it
            result, show = _raised(error, "your answer, when the check looked at it")
        result.seconds = time.perf_counter() - began
        self.results[n] = result
        if result.outcome != "not attempted":
            note = self._read()
            entry = note.setdefault(str(n), {})
            entry["attempts"] = entry.get("attempts", 0) + 1
            entry["right"] = entry.get("right", False) or result.outcome == "right"
            self._write(note)
        labels = {"not attempted": "not attempted yet.", "raised": "your code raised"}
        label = labels.get(result.outcome, f"{result.outcome}.")
        print(f"Exercise {n}, {exercise.title}: {label} {result.sentence}".rstrip())
        if show is not None:
            print(textwrap.indent(_text(show), "    "))

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
        print(f"Exercise {n}, {exercise.title}: one right answer\n")
        print(textwrap.indent(reference(self.name, n), "    "))
        print(f"\nWhy: {exercise.why}")

    def progress(self) -> None:
        """Print one line per exercise: what it is, how long it takes, where you are."""
        note = self._read()
        for n, exercise in sorted(self._exercises.items()):
            entry = note.get(str(n), {})
            attempts = entry.get("attempts", 0)
            tried = f"{attempts} attempt{'s' if attempts > 1 else ''}" if attempts else "open"
            where = "right" if entry.get("right") else tried
            star = " *" if exercise.starred else ""
            print(f"{n}  {where:<11} {exercise.title}{star} ({exercise.minutes} minutes)")

    def reset(self, n: int) -> None:
        """Forget attempts and hints of exercise n, so that it is new again."""
        self._exercise(n)
        note = self._read()
        note.pop(str(n), None)
        self.results.pop(n, None)
        self._write(note)
        print(f"Exercise {n} is new again. For its blank cell: python3 kit.py reset labs/{self.name}.ipynb")

    def _exercise(self, n):
        if n not in self._exercises:
            raise ValueError(f"Lab {self.name} has no exercise {n!r}; it has {sorted(self._exercises)}.")
        return self._exercises[n]

    def _file(self) -> Path:
        return Path(place.setting("PROGRESS") or place.state("progress")) / f"{self.name}.json"

    def _read(self) -> dict:
        try:
            note = json.loads(self._file().read_text("utf-8"))
        except (FileNotFoundError, ValueError):  # none yet, or cut short by a full disk: start again
            return {}
        return note if isinstance(note, dict) else {}

    def _write(self, note: dict) -> None:
        file = self._file()
        half = file.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(note, indent=1, sort_keys=True), "utf-8")
        os.replace(half, file)


def _blank(answer) -> str:
    """A sentence that says where `answer` still has a `...`, or '' when nothing is left to fill in."""
    if answer is ...:
        return "Replace the ... by your answer and run the cell again."
    if isinstance(answer, (list, tuple, set, dict)):
        return next(filter(None, map(_blank, answer.values() if isinstance(answer, dict) else answer)), "")
    if isinstance(answer, type):
        return _blank([member for member in vars(answer).values() if inspect.isfunction(member)])
    function = inspect.unwrap(getattr(answer, "func", getattr(answer, "__func__", answer)))
    if not inspect.isfunction(function):
        return ""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):  # no source, or half a line around a lambda: the constants tell
        return f"There is still a ... in {function.__name__}()." if ... in function.__code__.co_consts else ""
    typed = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.Subscript) for inner in ast.walk(node.slice)}
    lines = [node.lineno for node in ast.walk(tree)
             if isinstance(node, ast.Constant) and node.value is ... and id(node) not in typed]
    return f"There is still a ... in line {min(lines)} of {function.__name__}()." if lines else ""


def _raised(error: Exception, given: str) -> tuple:
    """The Result and the lines to show for an exception of the learner's code."""
    message = " ".join(str(error).strip().splitlines()[:2])[:300]
    show, ours = [f"input: {given}"], (str(Path(__file__).parent), sysconfig.get_path("stdlib"))
    step, line = error.__traceback__, None
    while step:
        name = step.tb_frame.f_code.co_filename
        if not name.startswith(ours) and "site-packages" not in name:
            line = step.tb_lineno, linecache.getline(name, step.tb_lineno).strip()
        step = step.tb_next
    if line:
        show.append(f"your line {line[0]}: {line[1]}".rstrip(": "))
    return Result("raised", f"{type(error).__name__}: {message}".rstrip(": ")), "\n".join(show)


def _text(show) -> str:
    """A frame as at most eight aligned rows, rows (list of dicts) the same way, anything else as it prints."""
    if isinstance(show, list) and show and isinstance(show[0], dict):
        import pandas
        show = pandas.DataFrame(show)
    show = show.limit(8).toPandas() if hasattr(show, "toPandas") else show
    return show.head(8).to_string(index=False) if hasattr(show, "to_string") else str(show)
