"""The worlds of lab 09's first two exercises: boards of two views, and a log that never rests while a batch runs."""
import copy
import random
from collections.abc import Mapping
from numbers import Integral

from ...checking.calls import Kept, ask, describe, do, kind
from ...checking.kinds import number
from ...checking.outcomes import Unfit, Wrong

ORIGINS = ("EWR", "JFK", "LGA")


def board_of(value, what) -> dict:
    """A learner's board in plain Python: {origin: (flights, on_time)}, origins without flights left out."""
    if not isinstance(value, Mapping):
        raise Unfit(f"{what} should be a dict, origin to (flights, on_time); yours is {kind(value)}.")
    made = {}
    for origin, counts in value.items():
        counts = counts.tolist() if hasattr(counts, "tolist") else counts
        if not isinstance(counts, (list, tuple)) or len(counts) != 2:
            raise Unfit(f"{what} should have a pair (flights, on_time) for each origin; for {origin} it has {kind(counts)}.")
        pair = tuple(number(count, f"A count of {origin}") for count in counts)
        if any(pair):
            made[str(origin)] = pair
    return made


def added(*parts) -> dict:
    """Boards and rows (origin, on_time), added up to one board."""
    made = {}
    for part in parts:
        for origin, counts in part.items() if isinstance(part, Mapping) else ((origin, (1, late)) for origin, late in part):
            before = made.get(origin, (0, 0))
            made[origin] = (before[0] + counts[0], before[1] + counts[1])
    return made


def shown(board, right, start=None) -> list:
    """Some origins in which the learner's board is off, beside what the batch view (`start`) has."""
    off = [origin for origin in sorted({*board, *right}) if board.get(origin) != right.get(origin)][:3]
    sides = {**({} if start is None else {"batch view": start}), "yours": board}
    return [{"origin": origin, **{name: str(side.get(origin, "nothing")) for name, side in sides.items()}} for origin in off]


# --- exercise 1: a batch view, a speed view --------------------------------------------------------------------------------
VIEWS = [({"seam": 4, "view": {"EWR": (3, 2), "JFK": (1, 0)}},
          {4: ("EWR", 1), 5: ("EWR", 0), 6: ("EWR", 0), 7: ("EWR", 1)}),
         ({"seam": 4, "view": {"EWR": (3, 2), "JFK": (1, 0)}}, {4: ("EWR", 1), 5: ("LGA", 0)}),
         ({"seam": 4, "view": {"EWR": (3, 2), "JFK": (1, 1)}}, {2: ("EWR", 1), 3: ("JFK", 1), 4: ("EWR", 0), 5: ("EWR", 0)}),
         ({"seam": 6, "view": {"EWR": (4, 4), "LGA": (2, 0)}}, {3: ("LGA", 1), 5: ("EWR", 0)}),
         ({"seam": 6, "view": {"EWR": (4, 4), "JFK": (2, 0)}}, {7: ("LGA", 1), 5: ("EWR", 1), 6: ("EWR", 0)}),
         ({"seam": 3, "view": {"JFK": (3, 1)}}, {}),
         ({"seam": 0, "view": {}}, {0: ("LGA", 1), 1: ("LGA", 0)}),
         ({"seam": 0, "view": {}}, {})]


def serving(answer) -> None:
    """Wrong unless the function adds a batch view and a speed view at the seam; each usual mistake has its sentence."""
    for batch, speed in VIEWS:
        given = Kept(seam=batch["seam"], view=Kept(batch["view"])), Kept(speed)
        before = copy.deepcopy(given)
        mine = board_of(ask(answer, *given), "The board")
        seam, view = batch["seam"], batch["view"]
        since = {offset: row for offset, row in speed.items() if offset >= seam}
        right = added(view, since.values())
        if mine != right:
            raise Wrong(_why(mine, right, view, speed, since, seam), shown(mine, right, view))
        if given[0] != before[0]:
            raise Wrong("Your function changed the batch view that it was given: the next reader would find one that no batch "
                        "has written. Add up in a dict of your own.")
        if given[1] != before[1]:
            raise Wrong("Your function changed the speed view that it was given. A reader reads; the speed layer forgets.")


def _why(mine, right, view, speed, since, seam) -> str:
    old = added(view, speed.values())
    if mine == added(view):
        return "Your board is the batch view alone: what has come since the batch is not on it."
    if mine == added(since.values()):
        return "Your board is what came since the batch, alone: add it to the batch view."
    if mine == old:
        return f"Rows from before the seam ({seam}) counted in both views: the batch has them already."
    if mine == added(view, [row for offset, row in speed.items() if offset > seam]):
        return f"The report at offset {seam} is in neither view: the batch stopped before it, and you begin after it."
    if mine == added(view, [row for offset, row in speed.items() if offset < seam]):
        return "You took the rows from before the seam, which the batch has, and left those that it lacks."
    if stray := set(mine) - set(right):
        return f"Your board has {sorted(stray)[0]}, of which these two views together hold no flight."
    if lacking := set(right) - set(mine):
        view_only = lacking & set(view)
        return (f"{sorted(lacking)[0]} is known to the {'batch' if view_only else 'speed'} view, and your board lacks it.")
    if any(mine[origin] == added(since.values()).get(origin) != right[origin] for origin in right):
        return "An origin's row of the batch view was replaced by what came since. Add to it."
    if all(mine[origin][1] == right[origin][1] for origin in right):
        return "The flights are miscounted: a row of the speed view is one flight, on time or not."
    if all(mine[origin][0] == right[origin][0] for origin in right):
        return "The flights are right and those on time are not: a row adds its own 1 or 0."
    return "The board is not the sum of the batch view and of the rows from the seam on."


# --- exercise 2: a batch that takes its time ------------------------------------------------------------------------------
class Watched(Kept):
    """A speed view: `gone(offsets)` is called when rows have been taken out."""

    def __init__(self, gone):
        super().__init__()
        self._gone = gone

    def __delitem__(self, offset):
        super().__delitem__(offset)
        self._gone([offset])

    def pop(self, offset, *default):
        had = offset in self
        row = super().pop(offset, *default)
        self._gone([offset] * had)
        return row

    def popitem(self):
        offset, row = super().popitem()
        self._gone([offset])
        return offset, row

    def clear(self):
        gone = list(self)
        super().clear()
        self._gone(gone)


class Newsroom:
    """A log, a speed view that follows it at once, and a board that a reader looks at whenever something happens."""

    def __init__(self, seed):
        self._chance, self.log, self.speed = random.Random(seed), [], Watched(self._forgotten)
        self.seam, self.view, self.published, self.calls, self.rests = 0, {}, 0, 0, False
        self._come(8)

    def __repr__(self):
        return f"a log that ends at {len(self.log)}"

    def _come(self, most):
        for _ in range(self._chance.randint(0, most)):
            row = self._chance.choice(ORIGINS), self._chance.randint(0, 1)
            self.speed[len(self.log)] = row
            self.log.append(row)

    def _happens(self):
        self.calls += 1
        if self.calls > 500:
            raise Unfit("Your function called the log five hundred times in one run. Ask for its end, and read it once.")
        self.look("While your batch ran")
        if not self.rests and self.calls < 20:
            self._come(3)

    def _forgotten(self, offsets):
        if any(offset >= self.seam for offset in offsets):
            self.look("While you took rows out" if self.published else "While your batch ran")

    def end(self) -> int:
        """The offset that comes next."""
        self._happens()
        return len(self.log)

    def read(self, first, until) -> list:
        """The reports from offset `first` up to, and not including, `until`."""
        self._happens()
        if not all(isinstance(offset, Integral) for offset in (first, until)) or not 0 <= first <= until <= len(self.log):
            raise Wrong(f"You read from {describe(first)} until {describe(until)}, and the log goes from 0 until "
                        f"{len(self.log)}.")
        return [{"origin": origin, "on_time": on_time} for origin, on_time in self.log[first:until]]

    def publish(self, view, seam) -> None:
        """What readers see from now on: the batch view and its seam."""
        self.look("Before you published")
        self.published += 1
        if self.published > 1:
            raise Wrong("You published twice in one run. Between the two, readers saw a view that was not meant for them.")
        view = board_of(view, "The view that you publish")
        if not isinstance(seam, Integral) or isinstance(seam, bool):
            raise Unfit(f"The seam should be an offset, yours is {kind(seam)}.")
        if not 0 <= seam <= len(self.log):
            raise Wrong(f"You published the seam {seam}, and the log ends at {len(self.log)}.")
        held = sum(flights for flights, _ in view.values())
        told = f"view: {held} reports, seam: {seam}"
        if held < seam:
            raise Wrong("Reports are in neither layer: the batch counted fewer than the seam says. Readers look for them in "
                        "the batch view.", told)
        if held > seam:
            raise Wrong("Reports are in both layers: the batch counted more than the seam says. Readers add them again from "
                        "the speed view.", told)
        if view != added(self.log[:seam]):
            raise Wrong("The view that you published does not hold the reports before its seam.",
                        shown(view, added(self.log[:seam])))
        self.view, self.seam = view, int(seam)
        self.look("When you had published")

    def look(self, when) -> None:
        """A reader looks: Wrong unless the board holds every report of the log once."""
        rows = [row for offset, row in self.speed.items() if offset >= self.seam]
        board, right = added(self.view, rows), added(self.log)
        if board == right:
            return
        lost = len(self.log) - self.seam - len(rows)
        if lost == 1 and self.published and self.seam not in self.speed and rows:
            raise Wrong(f"{when}, the report at the seam was in neither layer: the batch stopped before it, so the speed view "
                        "has to keep it.", f"seam: {self.seam}, log ends: {len(self.log)}")
        if lost > 0 and self.published:
            raise Wrong(f"{when}, reports are in neither layer: they came while the batch ran, it has not counted them, and you "
                        "took them out of the speed view.", f"seam: {self.seam}, log ends: {len(self.log)}, missing: {lost}")
        if lost > 0:
            raise Wrong(f"{when}, a reader missed reports: they were gone from the speed view, and the new batch view was not "
                        "published yet.", f"missing: {lost}")
        raise Wrong(f"{when}, the board was not what the log says.", shown(board, right))


def batch_trial(answer, seed) -> None:
    """Five runs of a learner's batch on a log that grows, the last one in peace; a reader looks at every moment."""
    world = Newsroom(seed)
    for turn in range(5):
        world.published, world.calls, began = 0, 0, len(world.log)
        world.rests = turn == 4
        do(answer, world, world.speed, world.publish)
        if not world.published:
            raise Wrong("Your run published nothing, so the batch view is what it was.")
        world.look("After your run")
        if world.seam < began:
            raise Wrong("Your batch covers less than the log held when it began, so the rest stays with the speed layer.",
                        f"log at the beginning: {began}, seam: {world.seam}")
        if kept := [offset for offset in world.speed if offset < world.seam]:
            raise Wrong("After your run the speed view still holds rows from before the seam: it would grow for ever.",
                        f"seam: {world.seam}, such rows: {len(kept)}")
