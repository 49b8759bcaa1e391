"""The world of lab 09's third exercise: a speed layer that was dead for an hour, is killed again, and has to catch up."""
import random
from numbers import Integral

from ...checking.calls import Kept, describe, do, kind
from ...checking.outcomes import Killed, Unfit, Wrong
from .trial import ORIGINS


class Store(Kept):
    """The speed view; a write kills the process where `fuse` says so."""

    fuse, killed, writes = None, False, 0

    def __setitem__(self, offset, row):
        self.writes += 1
        if self.fuse == 0:
            self.killed = True
            raise Killed
        if self.fuse is not None:
            self.fuse -= 1
        super().__setitem__(offset, row)

    def update(self, *rows, **named):
        for offset, row in dict(*rows, **named).items():
            self[offset] = row

    def setdefault(self, offset, row=None):
        if offset not in self:
            self[offset] = row
        return self[offset]

    def __ior__(self, rows):
        self.update(rows)
        return self


class Log:
    """`end()` and `read(first, until)` of a log of one partition; it notes how much a call has read of it."""

    def __init__(self, seed):
        self._chance, self.rows = random.Random(seed), []
        self.opened(0)

    def __repr__(self):
        return f"a log that ends at {len(self.rows)}"

    def opened(self, seam):
        """A call begins, which may read nothing from before `seam`."""
        self._seam, self.calls, self.given = seam, 0, set()

    def grow(self, count):
        """`count` more reports."""
        self.rows += [(self._chance.choice(ORIGINS), self._chance.randint(0, 1)) for _ in range(count)]

    def end(self) -> int:
        return len(self.rows)

    def read(self, first, until) -> list:
        self.calls += 1
        if self.calls > 200:
            raise Unfit("Your function read the log two hundred times in one call. Read what you take once.")
        if not all(isinstance(offset, Integral) for offset in (first, until)) or not 0 <= first <= until <= len(self.rows):
            raise Wrong(f"You read from {describe(first)} until {describe(until)}, and the log goes from 0 until "
                        f"{len(self.rows)}.")
        if first < until and first < self._seam:
            raise Wrong("You read reports from before the seam: a batch has covered them while you were dead.",
                        f"seam: {self._seam}, read from: {first}")
        self.given |= set(range(first, until))
        return list(self.rows[first:until])


def trial(answer, seed) -> None:
    """A dozen calls of a learner's step, with kills, new seams and an hour of silence, then some in peace."""
    chance, log, state, speed = random.Random(seed), Log(seed), Kept(), Store()
    limit, seam, reach, lost = chance.randint(4, 9), 0, 0, set()
    log.grow(chance.randint(0, 12))
    if chance.random() < 0.5:                            # a batch has run before the layer ever did
        seam = reach = log.end()
        log.grow(chance.randint(1, 6))
    for turn in range(16):
        if turn == 5:
            log.grow(40)                                 # the hour
            seam = log.end() - chance.randint(9, 30)
        elif turn < 12:
            log.grow(chance.randint(0, 6))
            if chance.random() < 0.15:
                seam = max(seam, chance.randint(0, reach))
        log.opened(seam)
        before = set(speed)
        speed.killed, speed.writes, speed.fuse = False, 0, chance.randint(0, 3) if turn < 12 and chance.random() < 0.35 else None
        try:
            do(answer, log, state, speed, seam, limit)
        except Killed:
            lost |= log.given - set(speed)
            continue
        if speed.killed:
            raise Wrong("You caught the kill. A process that is gone catches nothing: let it end your function.")
        reach = _judge(log, speed, seam, limit, max(reach, seam), before, lost)


def _judge(log, speed, seam, limit, reach, before, lost) -> int:
    """How far the speed view reaches after a call that ended; Wrong where it has a gap, a stray row, or did not get on.

    before  the offsets that it held when the call began
    lost    those that a killed call had read and not written
    """
    taken = len(set(speed) - before)
    if taken > limit:
        raise Wrong(f"You took {taken} reports in one call, and limit is {limit}: after an hour that is all of them at once.")
    if odd := [offset for offset in speed if not isinstance(offset, Integral) or not 0 <= offset < log.end()]:
        raise Wrong(f"Your speed view has a row under {describe(odd[0])}, which is no offset of the log.")
    if kept := [offset for offset in speed if offset < seam]:
        raise Wrong("The speed view keeps rows from before the seam, which the batch has covered.",
                    f"seam: {seam}, such rows: {len(kept)}")
    if odd := [row for row in speed.values() if not isinstance(row, (list, tuple))]:
        raise Unfit("A row of the speed view should be a pair (origin, on_time), as the log has it; one of yours is "
                    f"{kind(odd[0])}.")
    if wrong := [offset for offset, row in speed.items() if tuple(row) != log.rows[offset]]:
        raise Wrong(f"Under offset {wrong[0]} the speed view has another report than the log.",
                    [{"offset": wrong[0], "yours": str(speed[wrong[0]]), "log": str(log.rows[wrong[0]])}])
    wanted = min(reach + limit, log.end())
    newest = max(speed, default=seam - 1) + 1
    if gap := sorted(set(range(seam, max(newest, wanted))) - set(speed)):
        offset = gap[0]
        if offset < newest:
            where = f"offset: {offset}, seam: {seam}, newest in the speed view: {newest - 1}"
            if offset in before:
                raise Wrong("You took a row out of the speed view that no batch has covered: it is from the seam on, so its "
                            "report is in neither layer now.", where)
            cause = (" A call had read it, and was killed before it was written." if offset in lost else
                     " It is the first that the batch has not." if offset == seam else "")
            raise Wrong("A report is in neither layer, and later ones are in the speed view: your layer has passed it by."
                        f"{cause}", where)
        where = f"the speed view reaches to {newest}, the log to {log.end()}, limit: {limit}"
        if not log.given:
            raise Wrong("A call took nothing, and reports were waiting: what came while the layer was dead is in the log.", where)
        if not taken and log.given - before:
            cause = ("your rows went under other offsets, or you took them out again" if speed.writes else
                     "write into the `speed` that you were given")
            raise Wrong(f"A call read reports, and the speed view has none of them under its offset: {cause}.", where)
        if newest <= reach:
            raise Wrong("A call read what the speed view had already, and got no further.", where)
        raise Wrong("A call took fewer reports than limit, though more were there.", where)
    return newest
