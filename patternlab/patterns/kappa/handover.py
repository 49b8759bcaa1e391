"""Exercise 4 of lab 10: an archive of files and a log that forgets; on each of 20 seeds a rebuild out of both."""
from numbers import Integral
from random import Random

from ...checking.calls import ask, kind
from ...checking.outcomes import Unfit, Wrong


class World:
    """A topic's life: messages come, retention takes the oldest from the log, an archiver copies them into files before.

    Each file that is read takes time: the log forgets a little more, new messages come, and the archiver goes on.
    """

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.end = self.random.randint(40, 80)
        self.archived = self.random.randint(20, self.end - 8)
        self.start = self.random.randint(4, self.archived)
        self.files, self.broken = self._files(), None
        if seed % 3 == 0:                                   # a hole: in no file and in the log no longer
            self.start = min(self.end - 2, self.archived + self.random.randint(1, 5))
            self.broken = self.archived
        elif seed % 3 == 1 and self.start > 6:              # a file is lost; the log may still have its messages
            at = self.random.randrange(len(self.files))
            self.files.pop(at)
            self.broken = self._first_unknown()
        self.random.shuffle(self.files)
        self.begun_at, self.first_start, self.calls = self.end, self.start, 0

    def _files(self):
        """Ranges (first, until) over all that is archived; some begin before the end of the one before: written again."""
        files, at = [], 0
        while at < self.archived:
            until = min(self.archived, at + self.random.randint(3, 9))
            files.append((max(0, at - self.random.choice([0, 0, 1, 3])), until))
            at = until
        return files

    def _first_unknown(self):
        known = {offset for first, until in self.files for offset in range(first, until)}
        known |= set(range(self.start, self.end))
        return next((offset for offset in range(self.end) if offset not in known), None)

    def passes(self):
        """Some time: retention, new messages, the archiver."""
        if self.broken is not None:                         # a hole stays what it is while somebody looks
            return
        self.calls += 1
        self.end += self.random.choice([0, 1, 2])
        until = min(self.end, self.archived + self.random.choice([0, 0, 2, 4]))
        if until > self.archived and self.calls < 200:
            self.files.append((self.archived, until))
            self.archived = until
        self.start = max(self.start, min(self.archived, self.start + self.random.choice([2, 4, 6])))


def text(offset: int) -> str:
    """The message at an offset."""
    return f"report {offset * 7919 % 1000}"


class Archive:
    """Files of messages; `files()` lists (first, until) of each, in no order, `read(file)` gives its (offset, text)."""

    def __init__(self, world):
        self._world = world

    def __repr__(self):
        return f"an archive of {len(self._world.files)} files"

    def files(self):
        return list(self._world.files)

    def read(self, file):
        if tuple(file) not in self._world.files:
            raise KeyError(f"There is no file {file!r} in the archive.")
        self._world.passes()
        return [(offset, text(offset)) for offset in range(*file)]


class Log:
    """A topic of one partition: `start()`, `end()`, and `read(first, until)`, which gives what is left of that range."""

    def __init__(self, world):
        self._world = world

    def __repr__(self):
        return f"a log from {self._world.start} to {self._world.end}"

    def start(self):
        return self._world.start

    def end(self):
        return self._world.end

    def read(self, first, until):
        begin, end = max(first, self._world.start), min(until, self._world.end)
        return [(offset, text(offset)) for offset in range(begin, end)]


def trial(answer, seed: int) -> None:
    """One rebuild; Wrong where messages lack, come twice, out of order, or where a hole is not told."""
    world = World(seed)
    archive, log = Archive(world), Log(world)
    found = ask(answer, archive, log)
    found = found.item() if hasattr(found, "item") and getattr(found, "size", 1) == 1 else found
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return _told(found, world)
    offsets = _offsets(found)
    if world.broken is not None:
        raise Wrong(f"Offset {world.broken} is in no file and in the log no longer, and you returned {len(offsets)} "
                    "messages as if they were all. Return the first offset that nobody has.")
    _whole(offsets, world)


def _told(found: float, world) -> None:
    if world.broken is None:
        raise Wrong(f"You say that nobody has offset {found}; the archive and the log had everything when you were "
                    "called.")
    if found != world.broken:
        raise Wrong(f"You say that {found} is the first offset that nobody has. It is another one.",
                    f"files: {sorted(world.files)}\nthe log begins at {world.start}")


def _offsets(found) -> list:
    if isinstance(found, (str, bytes, dict)) or not hasattr(found, "__iter__"):
        raise Unfit("rebuild should return a list of messages, or the first missing offset; yours returned "
                    f"{kind(found)}.")
    offsets = []
    for given in found:
        message = tuple(given) if hasattr(given, "__iter__") and not isinstance(given, (str, bytes, dict)) else ()
        if len(message) != 2 or not isinstance(message[0], Integral):
            raise Unfit(f"A message is a pair (offset, text), as archive and log give it; yours has {kind(given)}.")
        if message[1] != text(message[0]):
            raise Unfit(f"The message at offset {message[0]} is not the one that archive and log have there. Leave them as "
                        "they are.")
        offsets.append(message[0])
    return offsets


def _whole(offsets, world) -> None:
    if not offsets:
        raise Wrong("You returned no message, and the archive and the log have many.")
    seen = set(offsets)
    if len(seen) < len(offsets):
        twice = next(offset for at, offset in enumerate(offsets) if offset in offsets[:at])
        raise Wrong(f"Offset {twice} comes twice: it is in two files, or in a file and in the log.")
    lacking = [offset for offset in range(max(world.begun_at, max(seen) + 1)) if offset not in seen]
    if lacking and lacking[0] > max(seen):
        raise Wrong(f"Your messages end at offset {max(seen)}; when you were called the log went to "
                    f"{world.begun_at - 1}.")
    if lacking and lacking[0] < world.first_start:
        raise Wrong(f"Offset {lacking[0]} is missing: the log had lost it before you were called, and a file has it.")
    if lacking:
        raise Wrong(f"Offset {lacking[0]} is missing. Retention goes on while you read files, and a log gives what is "
                    "left without a word.", f"the log begins at {world.start} now")
    if offsets != sorted(offsets):
        raise Wrong("Every message is there once, but not in the order of the log: the archive lists its files in no "
                    "order.")
