"""The world of exercise 4 of lab 12: a source that never rests, a replica that remembers, a kill that may come at any call."""
import random

from ...checking.outcomes import Killed, Unfit, Wrong


CHUNK, FLIGHTS = 10, 60


class OfChunk(dict):
    """A row that a chunk has read."""


class OfLog(dict):
    """A row that an event of the log brought."""


class Source:
    """A table and its log, as DBLog sees them. Between any two calls the owners of the table write to it.

    `watermark()` writes a mark into the log and returns its name. `chunk(after, size)` are the next rows by key (at most 10)
    as they are now. `log(position)` are the events behind a position, oldest first: dicts of `position`, and either `mark`
    or `key` and `row` (None: deleted).
    """

    def __init__(self, seed: int):
        self._chance, self._events, self._table = random.Random(seed), [], {}
        self.calls, self.read, self.kill_at, self._near = 0, 0, None, ""
        self.asked = [[]]                          # the chunks that each life asked for, by their `after`
        for number in range(FLIGHTS):
            self._table[f"F{number:02}"] = {"key": f"F{number:02}", "version": 0}
        self.before = {key: dict(row) for key, row in self._table.items()}

    def step(self, written=True):
        """One call of the learner: the kill may come, and the owners write a little."""
        self.calls += 1
        if self.calls == self.kill_at:
            self.asked.append([])
            raise Killed
        if self.calls > 5_000:
            raise Unfit("Your function made five thousand calls and has not ended. When is it done?")
        for _ in range(0) if not written else range(self._chance.choice((0, 1, 1, 2))):
            near = [f"F{n:02}" for n in range(FLIGHTS + 5) if self._near < f"F{n:02}"][:CHUNK]
            anywhere = not near or self._chance.random() > 0.7
            self._write(self._chance.choice([f"F{n:02}" for n in range(FLIGHTS)] if anywhere else near))

    def _write(self, key):
        position = len(self._events) + 1
        row = None if key in self._table and self._chance.random() < 0.25 else {"key": key, "version": position}
        self._table.pop(key, None) if row is None else self._table.update({key: row})
        self._events.append({"position": position, "key": key, "row": row and dict(row)})

    def watermark(self) -> str:
        self.step()
        name = f"mark {len(self._events) + 1}"
        self._events.append({"position": len(self._events) + 1, "mark": name})
        self.step()
        return name

    def chunk(self, after: str, size: int) -> list:
        self._near = after
        self.asked[-1].append(after)
        self.step()
        if size > CHUNK:
            raise Wrong(f"You asked for {size} rows at once. A chunk is at most {CHUNK} rows, or the source feels it.")
        found = [OfChunk(self._table[key]) for key in sorted(self._table) if key > after][:size]
        self.read += len(found)
        self.step()
        return found

    def log(self, position: int) -> list:
        self.step()
        return [{**event, "row": event["row"] and OfLog(event["row"])} if "row" in event else dict(event)
                for event in self._events[position:]]

    def end(self) -> int:
        """The position of the log's last event."""
        return len(self._events)

    def at(self, position: int) -> dict:
        """The table as it was at a position: {key: row}."""
        table = {key: dict(row) for key, row in self.before.items()}
        for event in self._events[:position]:
            if "key" in event:
                table.pop(event["key"], None) if event["row"] is None else table.update({event["key"]: event["row"]})
        return table


class Replica:
    """The copy: `put(row)` and `delete(key)`. It refuses to go back in time."""

    def __init__(self, source: Source):
        self._source, self.rows, self._seen, self._left = source, {}, {}, set()

    def put(self, row: dict) -> None:
        self._source.step(written=False)
        key = row["key"]
        back = row["version"] < self._seen.get(key, -1)
        if back or key in self._left and row["version"] == self._seen[key]:
            raise Wrong(_went_back(row, back), [self.rows.get(key, {"key": key, "left": True}), row])
        self._left.discard(key)
        self._seen[key] = row["version"]
        self.rows[key] = dict(row)

    def delete(self, key: str) -> None:
        self._source.step(written=False)
        if key in self._seen:
            self._left.add(key)
        else:
            self._seen[key] = 0 if key in self._source.before else -1
            self._left.add(key)
        self.rows.pop(key, None)


def _went_back(row, back) -> str:
    if isinstance(row, OfLog):
        return ("An event of the log was applied again behind a newer one of the same flight. Keep the position after each "
                "event, and begin there after a kill.")
    if not isinstance(row, OfChunk):
        return "A row went back to an older version: a chunk's row that the log had overtaken, or an event applied again."
    if back:
        return "A row of a chunk overwrote a newer one: it was read before that change and written after it."
    return "A flight that had left came back: the chunk had read it before the log deleted it."


class State(dict):
    """The learner's durable notes: what is written here before a kill is there after it."""

    def __init__(self, kept: dict, source: Source):
        super().__init__(kept)
        self._kept, self._source = kept, source

    def __setitem__(self, key, value):
        self._source.step(written=False)
        super().__setitem__(key, value)
        self._kept[key] = value

    def __delitem__(self, key):
        self._source.step(written=False)
        super().__delitem__(key)
        self._kept.pop(key, None)

    def update(self, *args, **named):
        for key, value in dict(*args, **named).items():
            self[key] = value

    def __ior__(self, other):
        self.update(other)
        return self

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key, *default):
        if key not in self and default:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def clear(self):
        for key in list(self):
            del self[key]
