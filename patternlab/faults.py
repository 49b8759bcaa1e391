"""Faults: pure functions from a list of events to a new list, crashes in your own code, torn files. Makers of trouble only."""
import os
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from random import Random

_arrival = itemgetter("arrival")                       # sorting by it is stable: ties stay as they were


class Crash(Exception):
    """What `crash_after` raises: the process is meant to be gone at this point."""


def _moved(text: str, minutes: float) -> str:
    return (datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ") + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _chosen(events: list, share: float, random: Random) -> set[int]:
    """Positions of exactly round(share * number) events."""
    if not 0 <= share <= 1:
        raise ValueError(f"The share is {share}; write a number from 0 to 1, such as 0.05 for one event in twenty.")
    return set(random.sample(range(len(events)), round(share * len(events))))


def late(events: list[dict], share: float, minutes, seed: int = 7) -> list[dict]:
    """`share` of the events arrive `minutes` later than they did; a pair (least, most) draws whole minutes from between."""
    random = Random(seed)
    least, most = minutes if isinstance(minutes, (tuple, list)) else (minutes, minutes)
    delays = {at: round(random.uniform(least, most)) for at in sorted(_chosen(events, share, random))}
    return sorted([{**event, "arrival": _moved(event["arrival"], delays[at])} if at in delays else event
                   for at, event in enumerate(events)], key=_arrival)


def duplicated(events: list[dict], share: float, seed: int = 7, minutes: float = 0) -> list[dict]:
    """`share` of the events come twice: the copy is equal and follows at once, or arrives `minutes` after the original."""
    chosen = _chosen(events, share, Random(seed))
    return sorted([copy for at, event in enumerate(events) for copy in
                   ([event, {**event, "arrival": _moved(event["arrival"], minutes)}] if at in chosen else [event])], key=_arrival)


def shuffled(events: list[dict], seed: int = 7, within: float | None = None) -> list[dict]:
    """The same events in another order, arrivals as they were; none overtakes another that came over `within` minutes before."""
    random = Random(seed)
    if within is None:
        return random.sample(events, len(events))
    moved = [_moved(event["arrival"], random.uniform(0, within)) for event in events]
    return [events[at] for at in sorted(range(len(events)), key=moved.__getitem__)]


def drifted(events: list[dict], at, rename: dict | None = None, retype: dict | None = None) -> list[dict]:
    """From `at` on (an arrival such as "2013-07-11T00:00:00Z", or a position) the producer has another schema.

    rename={"dep_delay": "delay"} renames fields, retype={"dep_delay": str} converts their values first (a type leaves None
    alone, any other function gets it too). ValueError if no event from `at` on has such a field.
    """
    rename, retype = rename or {}, retype or {}
    after = [number >= at if isinstance(at, int) else event["arrival"] >= at for number, event in enumerate(events)]
    fields = {name for event, drifts in zip(events, after) if drifts for name in event}
    if missing := (set(rename) | set(retype)) - fields:
        raise ValueError(f"No event from {at} on has the field {', '.join(sorted(missing))}; choose from: {sorted(fields)}.")

    def convert(name, value):
        kind = retype.get(name)
        return value if kind is None or (value is None and isinstance(kind, type)) else kind(value)
    return [{rename.get(name, name): convert(name, value) for name, value in event.items()} if drifts else event
            for event, drifts in zip(events, after)]


def poisoned(events: list[dict], share: float, seed: int = 7) -> list[dict]:
    """`share` of the events can't be processed: in turn, `scheduled` is no time, `occurred` is a number, `origin` is missing.

    They keep their place, key and arrival, so zip(events, poisoned) pairs each with what it was.
    """
    poisoned = list(events)
    for number, at in enumerate(sorted(_chosen(events, share, Random(seed)))):
        poisoned[at] = {**events[at], **({"scheduled": "soon"}, {"occurred": -1}, {})[number % 3]}
        if number % 3 == 2:
            poisoned[at].pop("origin", None)
    return poisoned


def crash_after(n: int):
    """A function of any arguments whose n-th call raises Crash; earlier and later calls do nothing (`.calls` counts them)."""
    def crash(*_, **__):
        crash.calls += 1
        if crash.calls == n:
            raise Crash(f"The process was made to crash here, at call {n}.")
    crash.calls = 0
    return crash


def torn(path, keep: float = 0.5) -> dict[str, int]:
    """Leaves a file or a table's folder as a writer that died after `keep` of the bytes would; returns {file: bytes cut}.

    A folder loses its last files, one is cut short, and what is written last (_SUCCESS) is gone. Of a Delta table the newest
    commit is torn: its data files, and its entry in the log, which is written last. ValueError if there is nothing to tear.
    """
    path = Path(path)
    root, files = (path, sorted(path.rglob("*"))) if path.is_dir() else (path.parent, [path])
    files = [file for file in files if file.is_file() and not any(part[0] in "._" for part in file.relative_to(root).parts)]
    closing = [root / "_SUCCESS"] if path.is_dir() else []
    for entry in sorted(path.glob("_delta_log/[0-9]*.json"))[-1:]:
        closing = [entry, entry.with_suffix(".crc")]
        added = [line for line in entry.read_text(encoding="utf-8").splitlines() if line.startswith('{"add"')]
        files = [file for file in files if any(file.name in line for line in added)]
    if not files:
        raise ValueError(f"There is no data file to tear in {path}; write it first.")
    left, cut = int(keep * sum(file.stat().st_size for file in files)), {}
    for file in files + [file for file in closing if file.exists()]:
        size = file.stat().st_size
        kept = 0 if file in closing else min(left, size)
        left -= kept
        if kept < size or file in closing:
            cut[str(file.relative_to(root))] = size - kept
            file.with_name(f".{file.name}.crc").unlink(missing_ok=True)   # its checksum would be reported instead of the tear
            os.truncate(file, kept) if kept else file.unlink()
    return cut
