"""Exercise 3 of lab 10: a catalogue of tables and views, a reader who asks after every step, a release that is killed."""
from ...checking.calls import do
from ...checking.outcomes import Killed, Unfit, Wrong

OLD = [("UA/1", True), ("B6/2", True), ("DL/3", False)]
NEW = [("UA/1", False), ("B6/2", True), ("DL/3", False), ("AA/4", False)]
LATER = [("UA/1", False), ("EV/5", True)]
FARES = [("UA/1", 99), ("B6/2", 120)]
VIEW = "board"


class Catalogue:
    """Tables and views. Every call that changes something is one atomic step; `kill_at`: die instead of that step."""

    def __init__(self):
        self._tables = {"board_v1": list(OLD), "fares_v3": list(FARES)}
        self._views = {VIEW: "board_v1", "fares": "fares_v3"}
        self.steps, self.kill_at, self.allowed, self.trouble = 0, None, [], None

    def __repr__(self):
        return f"the catalogue (tables {', '.join(self.tables())}; view {VIEW} -> {self._views[VIEW]})"

    # --- what a release may ask
    def tables(self) -> list:
        return sorted(self._tables)

    def views(self) -> dict:
        return dict(self._views)

    def read(self, name) -> list:
        """The rows of a table or of a view."""
        return list(self._tables[self._views.get(name, name)])

    # --- what a release may do
    def create(self, name, rows):
        """A new table with these rows; ValueError where there is one of that name."""
        self._free(name)
        self._step(f"create({name!r})", lambda: self._tables.update({name: list(rows)}))

    def insert(self, name, rows):
        self._has(name)
        self._step(f"insert({name!r})", lambda: self._tables[name].extend(rows))

    def delete(self, name):
        """Take all rows out of a table."""
        self._has(name)
        self._step(f"delete({name!r})", lambda: self._tables[name].clear())

    def rename(self, name, other):
        self._has(name)
        self._free(other)
        self._step(f"rename({name!r}, {other!r})", lambda: self._tables.update({other: self._tables.pop(name)}))

    def drop(self, name):
        self._has(name)
        self._step(f"drop({name!r})", lambda: self._tables.pop(name))

    def point(self, view, name):
        """From now on the view shows this table."""
        self._has(name)
        self._step(f"point({view!r}, {name!r})", lambda: self._views.update({view: name}))

    def _has(self, name):
        if name not in self._tables:
            raise KeyError(f"There is no table {name!r}; there are {', '.join(self.tables())}.")

    def _free(self, name):
        if name in self._tables:
            raise ValueError(f"There is a table {name!r} already.")

    def _step(self, said, change):
        self.steps += 1
        if self.steps > 200:
            raise Unfit("Your release has made 200 steps and has not ended.")
        if self.kill_at is not None and self.steps >= self.kill_at:
            raise Killed
        change()
        self.trouble = self.trouble or self._seen(said)

    def _seen(self, said):
        """A sentence where the reader, who asks now, gets something else than all old rows or all new ones."""
        if self._views[VIEW] not in self._tables:
            return (f"After {said} a reader of the view got an error: it names {self._views[VIEW]}, "
                    "and there is no such table.")
        rows = plain(self.read(VIEW))
        if any(rows == plain(allowed) for allowed in self.allowed):
            return None
        if not rows:
            return f"After {said} a reader of the view got no rows at all."
        return f"After {said} a reader of the view got neither all old rows nor all new ones."


def plain(rows) -> list:
    """Rows in an order of their own; a list is as good a row as a tuple."""
    return sorted((tuple(row) if isinstance(row, list) else row for row in rows), key=repr)


def judge(answer) -> None:
    """release(catalog, rows): undisturbed, again with other rows and with none; killed at each step and begun again."""
    catalogue = Catalogue()
    steps = _release(answer, catalogue, NEW, OLD)
    if not steps:
        raise Wrong("Your function changed nothing in the catalogue.")
    _after(catalogue, NEW, "After the release")
    catalogue._tables["fares_v4"] = catalogue._tables.pop("fares_v3")       # somebody has released the fares
    catalogue._views["fares"] = "fares_v4"
    _release(answer, catalogue, LATER, NEW)
    _after(catalogue, LATER, "After a second release")
    _release(answer, catalogue, [], LATER)
    _after(catalogue, [], "After a release without rows")
    for kill_at in range(1, steps + 1):
        catalogue = Catalogue()
        _release(answer, catalogue, NEW, OLD, kill_at)
        _release(answer, catalogue, NEW, OLD, again=kill_at)
        _after(catalogue, NEW, f"Killed at step {kill_at} and begun again")


def _release(answer, catalogue, rows, before, kill_at=None, again=None) -> int:
    """One call; how many steps it made. Wrong where a reader saw something that was never there."""
    catalogue.steps, catalogue.kill_at, catalogue.allowed = 0, kill_at, [before, rows]
    when = f"Begun again after a kill at step {again}: " if again else ""
    try:
        do(answer, catalogue, list(rows))
    except Killed:
        pass
    except Exception as error:
        inner = getattr(error, "error", None)
        told = " ".join(map(str, inner.args)) if inner and inner.args else type(inner).__name__
        if again and isinstance(inner, (ValueError, KeyError)):
            raise Wrong(f"{when}your release stumbled over what the first attempt had left. {told}") from None
        if before is not OLD and told.startswith("There is a table"):
            raise Wrong(f"The next release failed: {told} A name can be taken once only.") from None
        raise
    if catalogue.trouble:
        raise Wrong(when + catalogue.trouble)
    return catalogue.steps


def _after(catalogue, rows, when) -> None:
    if plain(catalogue.read(VIEW)) != plain(rows):
        raise Wrong(f"{when} the view does not show the rows of the release.",
                    [{"key": key, "late": late} for key, late in catalogue.read(VIEW)] or None)
    fares = catalogue.views()["fares"]
    if fares not in catalogue.tables() or catalogue.read(fares) != FARES:
        raise Wrong(f"{when} the view fares has lost its rows: its table is not yours to touch.")
    named = set(catalogue.views().values())
    if idle := [name for name in catalogue.tables() if name not in named]:
        raise Wrong(f"{when} a table is left that no view names: {', '.join(idle)}. Space for nothing.")
