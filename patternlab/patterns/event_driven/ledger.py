"""The world of exercise 3 of lab 11: a topic that brings some events twice, a database, and a kill anywhere."""
import contextlib
import copy
from numbers import Integral

from ...checking.calls import describe, do, kind
from ...checking.kinds import number
from ...checking.outcomes import Unfit, Wrong

EVENTS = [("UA/1", 1, "UA", 10), ("UA/1", 2, "UA", 10), ("B6/3", 1, "B6", 7), ("UA/4", 1, "UA", 10), ("B6/3", 2, "B6", 9),
          ("UA/1", 2, "UA", 10), ("DL/5", 1, "DL", 4), ("B6/3", 1, "B6", 7), ("DL/5", 2, "DL", 4), ("UA/4", 2, "UA", 12),
          ("DL/5", 3, "DL", 1), ("UA/1", 1, "UA", 10)]
RIGHT = {"UA": 42, "B6": 16, "DL": 9}
BATCH = 5


class Killed(BaseException):
    """The process is gone: no `except Exception` sees it."""


class Kill:
    """Counts the moments at which the process may die, and kills it at one of them (None: never)."""

    def __init__(self, at):
        self.at, self.moments, self.hit = at, 0, False

    def moment(self):
        self.moments += 1
        if self.moments > 400:
            raise Unfit("Your function asked the topic and the database four hundred times for twelve messages. "
                        "It should end when `read` gives nothing more.")
        if self.at == self.moments:
            self.hit = True
            raise Killed


class Topic:
    """`read(first)`: the messages from the offset `first`, at most five; nothing where there are no more."""

    def __init__(self, kill: Kill, events=EVENTS):
        self._kill, self.given = kill, 0                   # how many messages were given, from the first on
        self._log = [{"offset": offset, "key": key, "version": version, "carrier": carrier, "fee": fee}
                     for offset, (key, version, carrier, fee) in enumerate(events)]

    def read(self, first) -> list:
        self._kill.moment()
        if isinstance(first, bool) or not isinstance(first, Integral) or first < 0:
            raise Unfit(f"You read from {describe(first)}, and an offset is a whole number, 0 or more.")
        found = copy.deepcopy(self._log[int(first):int(first) + BATCH])
        self.given = max(self.given, int(first) + len(found) if found else 0)
        return found


class Database:
    """`with db.transaction() as rows`: a dict to change. Behind the block all changes are there, or, with a kill, none."""

    def __init__(self):
        self.rows, self.kill, self.open = {}, Kill(None), False

    @contextlib.contextmanager
    def transaction(self):
        if self.open:
            raise Unfit("You began a transaction inside another one. This database has one at a time.")
        self.kill.moment()
        self.open, rows = True, copy.deepcopy(self.rows)
        try:
            yield rows
            self.kill.moment()
            self.rows = copy.deepcopy(rows)
        finally:
            self.open = False
        self.kill.moment()


def run(consume, kill_at, events=EVENTS) -> tuple:
    """(database, topic, moments) after a run that is killed at that moment, and one that is not (None: this one alone)."""
    db = Database()
    for at in (kill_at, None):
        db.kill = kill = Kill(at)
        topic = Topic(kill, events)
        try:
            do(consume, topic, db)
        except Killed:
            continue
        if kill.hit:
            raise Wrong("You caught the kill. A process that is gone catches nothing: let it end your function.")
        if at is None or kill_at is None:
            break
    return db, topic, kill.moments


def fees(db: Database) -> dict:
    """What the database says that each airline owes."""
    found = db.rows.get("fees")
    if not isinstance(found, dict):
        raise Unfit(f"rows['fees'] should be a dict, {{airline: sum}}, and in the end it is {kind(found)}.")
    totals = {carrier: number(total, f"What {describe(carrier)} owes in rows['fees']") for carrier, total in found.items()}
    return {carrier: total for carrier, total in totals.items() if total}


def verdict(found: dict, when: str, topic: Topic, killed: bool) -> None:
    """Wrong, with a sentence about what was lost or counted twice, unless each event was counted once."""
    if found == RIGHT:
        return
    show = [{"airline": carrier, "yours": found.get(carrier, 0)} for carrier, right in RIGHT.items()
            if found.get(carrier) != right]
    more = {carrier: found.get(carrier, 0) - RIGHT[carrier] for carrier in RIGHT}
    copies = more["DL"] == 0 and more["B6"] in (0, 7) and more["UA"] in (0, 10, 20)      # what only copies can make
    if odd := sorted(map(str, set(found) - set(RIGHT))):
        raise Wrong(f"{when} rows['fees'] has {odd[0]}, which is no airline of an event.", show or None)
    if not found:
        raise Wrong(f"{when} no airline owes anything.", show)
    if min(more.values()) < 0 and killed:
        raise Wrong(f"{when} fees are missing: what says that they are done was kept, and their sums were not.", show)
    if min(more.values()) < 0 and topic.given < len(EVENTS):
        raise Wrong(f"{when} fees are missing: {topic.given} messages were read, and the topic has more.", show)
    if min(more.values()) < 0:
        raise Wrong(f"{when} fees are missing, and all messages were read. An event's name is its key and its version.", show)
    if copies and killed:
        raise Wrong(f"{when} copies of events were charged: the second run has forgotten what the first one had seen.", show)
    if copies:
        raise Wrong(f"{when} copies of events were charged too: the relay sends some twice, under another offset.", show)
    raise Wrong(f"{when} fees are there twice: their sums were kept, and what says that they are done was not.", show)
