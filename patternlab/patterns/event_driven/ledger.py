"""The world of exercise 3 of lab 11: a topic that brings some events twice, a database, and a kill anywhere."""
import contextlib
import copy
from numbers import Integral

from ...checking.calls import describe, do, kind
from ...checking.kinds import number
from ...checking.outcomes import Killed, Unfit, Wrong

EVENTS = [("UA/1", 1, "UA", 10), ("UA/1", 2, "UA", 10), ("B6/3", 1, "B6", 7), ("UA/4", 1, "UA", 10), ("B6/3", 2, "B6", 9),
          ("UA/1", 2, "UA", 10), ("DL/5", 2, "DL", 5), ("B6/3", 1, "B6", 7), ("DL/5", 1, "DL", 3), ("UA/4", 2, "UA", 12),
          ("DL/5", 3, "DL", 1), ("UA/1", 1, "UA", 10)]
LONGER = [*EVENTS, *((f"{carrier}/{7 + number}", 1, carrier, 2 + number) for number, carrier in enumerate(["9E", "DL"] * 6))]
BATCH = 5
CAUGHT = "You caught the kill. A process that is gone catches nothing: let it end your function."
SEGMENT = 8                                                # the log is kept in pieces of so many, and a read stays in one


class Kill:
    """Counts the moments at which the process may die, and kills it at one of them (None: never)."""

    def __init__(self, at):
        self.at, self.moments, self.hit = at, 0, False

    def moment(self):
        self.moments += 1
        if self.moments > 400 and self.hit:
            raise Wrong(CAUGHT)
        if self.moments > 400:
            raise Unfit("Your function asked the topic and the database four hundred times for a few messages. "
                        "It should end when `read` gives nothing more.")
        if self.at == self.moments:
            self.hit = True
            raise Killed


class Topic:
    """`read(first)`: the messages from the offset `first`, at most five; nothing where there are no more."""

    def __init__(self, kill: Kill, events=EVENTS):
        self._kill, self.events, self.given = kill, events, set()      # the offsets that were given
        self._log = [{"offset": offset, "key": key, "version": version, "carrier": carrier, "fee": fee}
                     for offset, (key, version, carrier, fee) in enumerate(events)]

    def read(self, first) -> list:
        self._kill.moment()
        if isinstance(first, bool) or not isinstance(first, Integral) or first < 0:
            raise Unfit(f"You read from {describe(first)}, and an offset is a whole number, 0 or more.")
        first = int(first)
        found = copy.deepcopy(self._log[first:min(first + BATCH, (first // SEGMENT + 1) * SEGMENT)])
        self.given.update(message["offset"] for message in found)
        return found


class Database:
    """`with db.transaction() as rows`: a dict to change. Behind the block all changes are there, or, with a kill, none.

    Whatever a `finally` of the answer still does behind the kill is not kept: a process that is gone does nothing.
    """

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
            self.rows = self.rows if self.kill.hit else copy.deepcopy(rows)
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
            raise Wrong(CAUGHT)
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


def owed(events) -> dict:
    """{airline: sum of the fees} of events that are all charged."""
    totals = {}
    for _, _, carrier, fee in events:
        totals[carrier] = totals.get(carrier, 0) + fee
    return totals


def verdict(found: dict, when: str, topic: Topic, killed: bool) -> None:
    """Wrong, with a sentence about what was lost or counted twice, unless each event was counted once."""
    events, right = topic.events, owed({event[:2]: event for event in topic.events}.values())
    if found == right:
        return
    show = [{"airline": carrier, "yours": found.get(carrier, 0)} for carrier in right if found.get(carrier) != right[carrier]]
    if odd := sorted(map(str, set(found) - set(right))):
        raise Wrong(f"{when} rows['fees'] has {odd[0]}, which is no airline of an event.", show or None)
    if not found:
        raise Wrong(f"{when} no airline owes anything.", show)
    more = {carrier: found.get(carrier, 0) - right[carrier] for carrier in right}
    if min(more.values()) < 0:
        raise Wrong(f"{when} fees are missing{'' if killed else _missing(found, topic)}"
                    f"{': what says that they are done was kept, and their sums were not.' if killed else ''}", show)
    if all(extra in _copies(events, carrier) for carrier, extra in more.items()):
        raise Wrong(f"{when} copies of events were charged" + (
            ": the second run has forgotten what the first one had seen." if killed else
            " too: the relay sends some twice, under another offset."), show)
    if killed:
        raise Wrong(f"{when} fees are there twice: their sums were kept, and what says that they are done was not.", show)
    raise Wrong(f"{when} an airline owes more than the sum of all its messages' fees.", show)


def _missing(found: dict, topic: Topic) -> str:
    """Why fees may be missing behind a run that was not killed."""
    events, newest, newer = topic.events, {}, []
    if len(topic.given) < len(events):
        return f": {len(topic.given)} messages were read, and the topic has {len(events)}."
    for key, version, carrier, fee in events:
        if version > newest.get(key, 0):
            newest[key] = version
            newer.append((key, version, carrier, fee))
    if found == owed(newer):
        return ". DL/5's version 1 comes behind its version 2, and is an event like others."
    if all(total in {fee for *_, name, fee in events if name == carrier} for carrier, total in found.items()):
        return ": of each airline one event's fee is there, and not the sum."
    return ", and all messages were read. An event's name is its key and its version, and its fee is added once."


def _copies(events, carrier: str) -> set:
    """By how much the sum of an airline is too high where some of its copies were charged."""
    sums, seen = {0}, set()
    for key, version, name, fee in events:
        if name == carrier and (key, version) in seen:
            sums |= {total + fee for total in sums}
        seen.add((key, version))
    return sums
