"""The world of exercise 4 of lab 01: messages, rules of two versions, two tables and a kill between any two writes."""
import copy
import random

from ...checking.calls import describe, do
from ...checking.outcomes import Killed, Unfit, Wrong

CORRECTED = "corrected later"


def strict(message: dict) -> dict:
    """The rules of the first load: a clock has digits only, and is one. The row, or ValueError with the reason."""
    return _row(message, message["left_at"])


def better(message: dict) -> dict:
    """The rules after the fix: 16:40 is a clock, too."""
    return _row(message, message["left_at"].replace(":", "", 1))


def _row(message, clock):
    if not clock.isdigit():
        raise ValueError("no digits")
    if int(clock) % 100 > 59 or int(clock) > 2400:
        raise ValueError("no such minute")
    return {"key": message["key"], "offset": message["offset"], "minutes": int(clock) // 100 * 60 + int(clock) % 100}


class Table(dict):
    """A table that survives a kill: a dict; each write of a row, and each deletion, is one that may be the last."""

    def __init__(self, fate):
        super().__init__()
        self._fate = fate

    def __setitem__(self, name, row):
        self._fate.step()
        super().__setitem__(name, row)

    def __delitem__(self, name):
        self._fate.step()
        super().__delitem__(name)

    def pop(self, name, *default):
        if name in self:
            self._fate.step()
        return super().pop(name, *default)

    def update(self, *rows, **named):
        for name, row in dict(*rows, **named).items():
            self[name] = row

    def __ior__(self, rows):
        self.update(rows)
        return self

    def setdefault(self, name, default=None):
        if name not in self:
            self[name] = default
        return self[name]

    def clear(self):
        for name in list(self):
            del self[name]

    def popitem(self):
        name = next(reversed(self))
        return name, self.pop(name)


class Fate:
    """Counts writes, and kills before the one called `kill_at`: no later one happens, whatever catches the kill."""

    def __init__(self):
        self.writes, self.kill_at = 0, None

    def step(self):
        self.writes += 1
        if self.kill_at and self.kill_at <= self.writes < 20_000:
            raise Killed
        if self.writes > 20_000:
            raise Unfit("Your function made twenty thousand writes and has not ended. Two for each message are enough.")


class Store:
    """The two tables, and their fate."""

    def __init__(self, target=(), rejects=()):
        self.fate = Fate()
        self.target, self.rejects = Table(self.fate), Table(self.fate)
        dict.update(self.target, target)
        dict.update(self.rejects, rejects)

    def copy(self) -> "Store":
        return Store(copy.deepcopy(dict(self.target)), copy.deepcopy(dict(self.rejects)))

    def run(self, function, *given, kill_at=None) -> int:
        """Call the learner's function with the tables, killed before a write; how many writes it made."""
        self.fate.writes, self.fate.kill_at = 0, kill_at
        try:
            do(function, *given, self.target, self.rejects)
        except Killed:
            pass
        return self.fate.writes


def trial(load, reenter, number: int) -> None:
    """A load and, under better rules, a re-entry, each killed at some write and begun again; Wrong where a table is."""
    every, chance, store = messages(number), random.Random(number), Store()
    for what, given, rules, when in ((load, (every, strict), strict, "After the load"),
                                     (reenter, (better,), better, "After the re-entry")):
        writes = store.copy().run(what, *given)
        if writes:
            store.run(what, *given, kill_at=chance.randint(1, writes))
        if what is reenter:
            nothing_lost(every, store.target, store.rejects, "After a kill in the middle of the re-entry")
        store.run(what, *given)
        conserved(every, rules, store.target, store.rejects, when)
        again = store.copy()
        again.run(what, *given)
        conserved(every, rules, again.target, again.rejects, f"{when}, run a second time,")


def messages(seed: int) -> list:
    """Some forty messages by offset; a few are unreadable, and of some of these flights a readable one comes later."""
    chance, made, again = random.Random(seed), [], []
    for number in range(36):
        hour, minute = chance.randrange(24), chance.randrange(60)
        bad = chance.choices(("", "colon", "both", "minute", "empty"), (70, 12, 6, 6, 6))[0]
        clock = {"": f"{hour}{minute:02}", "colon": f"{hour}:{minute:02}", "both": f"{hour}:{minute % 40 + 60}",
                 "minute": f"{hour}{minute % 40 + 60}", "empty": ""}[bad]
        made.append({"key": f"F{number:02}", "left_at": clock})
        if bad and chance.random() < 0.4:
            again.append({"key": f"F{number:02}", "left_at": f"{hour}{(minute + 7) % 60:02}"})
    # at least one of each kind that the Goal speaks of
    made += [{"key": "F90", "left_at": "16:40"}, {"key": "F91", "left_at": "16:75"}, {"key": "F92", "left_at": "8:15"},
             {"key": "F93", "left_at": "1675"}, {"key": "F92", "left_at": ""},
             {"key": "F94", "left_at": "7:05"}, {"key": "F94", "left_at": "7:15"}]
    again.append({"key": "F92", "left_at": "822"})
    first = chance.randrange(0, 5_000)
    return [{"offset": first + number, **message} for number, message in enumerate(made + again)]


def expected(every: list, rules) -> tuple:
    """(target, rejects) as {key: row} and {offset: reason}: of a flight's readable reports the newest is its row."""
    target, rejects = {}, {}
    for message in every:
        try:
            row = rules(message)
        except ValueError as error:
            rejects[message["offset"]] = str(error)
            continue
        old = target.get(row["key"])
        if old:
            rejects[old["offset"]] = CORRECTED
        target[row["key"]] = row
    return target, rejects


def nothing_lost(every: list, target, rejects, when: str) -> None:
    """Wrong unless each message is in one of the tables, or in both: what is in neither is gone for good."""
    held = {row.get("offset") for row in target.values() if isinstance(row, dict)} | set(rejects)
    gone = [message for message in every if message["offset"] not in held]
    for message in gone:
        row = target.get(message["key"])
        if isinstance(row, dict) and row.get("offset", message["offset"]) < message["offset"]:
            raise Wrong(f"{when} an old report has replaced a newer one of the same flight.", [row, message])
    newer = [message for message in gone if target.get(message["key"], message)["offset"] > message["offset"]]
    if gone and newer == gone and "kill" not in when:
        raise Wrong(f"{when} an older report is in neither table: its flight has a newer row, and it was not kept. It stays "
                    f"in rejects, as {CORRECTED!r}, also where both were rejects before.", [gone[0], target[gone[0]["key"]]])
    if gone:
        raise Wrong(f"{when} a message is in neither table, so it is gone for good.", [gone[0]])


def conserved(every: list, rules, target, rejects, when: str) -> None:
    """Wrong unless the tables are what these rules make of the messages."""
    right, reasons = expected(every, rules)
    by_offset = {message["offset"]: message for message in every}
    for name, row in target.items():
        if not isinstance(row, dict) or not {"key", "offset"} <= set(row):
            raise Wrong(f"{when} the target holds {describe(row, 60)}. A row is what parse returned.")
        if row["key"] != name:
            raise Wrong(f"{when} the target holds a row under {describe(name, 40)}. Its name is the row's key.", [row])
    for offset in rejects:
        if offset not in by_offset:
            raise Wrong(f"{when} rejects holds something under {describe(offset, 40)}. "
                        "A reject's name is its message's offset: a flight may have several.")
    nothing_lost(every, target, rejects, when)
    if both := sorted({row["offset"] for row in target.values()} & set(rejects)):
        raise Wrong(f"{when} a message is in both tables. It counts twice, and nobody knows whether it was accepted.",
                    [by_offset[both[0]]])
    for key, row in right.items():
        mine = target.get(key)
        if mine is None:
            raise Wrong(f"{when} a readable report is still in rejects.", [by_offset[row["offset"]]])
        if mine != row:
            raise Wrong(f"{when} a row of the target is not what parse returned.", [mine])
    for offset, reason in reasons.items():
        entry = rejects.get(offset)
        if entry is None:
            raise Wrong(f"{when} an unreadable report is in the target.", [by_offset[offset]])
        if not isinstance(entry, dict) or not {"reason", "message"} <= set(entry):
            raise Wrong(f"{when} a reject has {describe(entry, 60)}. Keep a dict with its reason and its message.")
        if entry["message"] != by_offset[offset]:
            lost = "lost its message" if not isinstance(entry["message"], dict) else "another message than the one that came"
            raise Wrong(f"{when} a reject has {lost}, so it can never be judged again.", [by_offset[offset]])
        if entry["reason"] != reason and reason == CORRECTED:
            raise Wrong(f"{when} an old report is readable now, and its flight has a newer row. "
                        f"Its reason should say so: {CORRECTED!r}; yours is {describe(entry['reason'], 40)}.",
                        [by_offset[offset]])
        if entry["reason"] != reason:
            raise Wrong(f"{when} a reject has the reason {describe(entry['reason'], 40)}, and parse says {reason!r}.",
                        [by_offset[offset]])
