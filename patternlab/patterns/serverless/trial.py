"""The worlds of lab 15, exercises 1, 3 and 4: streams of events, prices, and days of messages with instances."""
import math
import random
from fractions import Fraction

from ...checking.kinds import number
from ...checking.outcomes import Raised, Unfit, Wrong


# --- exercise 1: (source, id, origin, minutes, offset, attempt) of each call, and what whoever is wrong is told
GATE, TOWER = "/departures/gate", "/departures/tower"
CALLS = [
    ([(GATE, "7", "EWR", 5, 0, 1)], "One event came, and its minutes should be at its origin."),
    ([(GATE, "7", "EWR", 5, 0, 1), (GATE, "8", "EWR", 3, 1, 1)],
     "Two events, of one source and one origin: their minutes are added."),
    ([(GATE, "7", "EWR", 5, 0, 1), (GATE, "8", "LGA", -4, 1, 1)],
     "Two origins, and one left four minutes before time."),
    ([(GATE, "7", "EWR", 5, 0, 1), (GATE, "7", "EWR", 5, 0, 2)],
     "One event was tried twice, at one offset, and counted twice: the first answer was lost, not the first effect."),
    ([(GATE, "7", "EWR", 5, 0, 1), (GATE, "7", "EWR", 5, 9, 1)],
     "A sender repeated an event, so it stands at another offset, and it was counted twice. An offset is a place, and "
     "no name."),
    ([(GATE, "7", "EWR", 5, 0, 1), (GATE, "8", "EWR", 5, 1, 1)],
     "Two departures are five minutes late at one airport, and one of them was not counted. Equal contents are no "
     "copy."),
    ([(GATE, "7", "EWR", 5, 0, 1), (TOWER, "7", "EWR", 5, 1, 1)],
     "Two sources have given the number 7, to two departures, and one of them was not counted. An id is one source's "
     "own."),
    ([(GATE, "7", "EWR", 5, 0, 1), (TOWER, "8", "EWR", 5, 1, 1), (GATE, "8", "EWR", 5, 2, 1)],
     "The gate has told of its 7 and the tower of its 8, then came the gate's 8, and was not counted. Source and id are "
     "one name: neither part is a name by itself."),
    ([("/a", "12", "JFK", 1, 0, 1), ("/a1", "2", "JFK", 2, 1, 1)],
     "Source /a with id 12, and source /a1 with id 2, were taken for one. A key of joined texts needs its parts "
     "apart."),
    ([("/a", "1/2", "JFK", 1, 0, 1), ("/a/1", "2", "JFK", 2, 1, 1)],
     "Source /a with id 1/2, and source /a/1 with id 2, were taken for one. A text of joined parts can be read in two "
     "ways; a pair can't."),
    ([(GATE, "7", "JFK", 0, 0, 1), (GATE, "7", "JFK", 6, 1, 2)],
     "A copy came with a corrected delay, and was counted. It has the name of an event that was there, so it changes "
     "nothing."),
    ([(GATE, "7", "JFK", 6, 0, 1), (GATE, "8", "JFK", 1, 1, 1), (GATE, "7", "JFK", 6, 2, 1)],
     "A copy came after another event, and was counted. All names that were there count, not the last one.")]


def event(source, id, origin, minutes, offset, attempt) -> dict:
    """An event as the exercise's function gets it."""
    data = {"origin": origin, "minutes": minutes}
    return {"source": source, "id": id, "attempt": attempt, "offset": offset, "data": data}


def totals(calls) -> dict:
    """{origin: minutes} of calls, each event once."""
    found = {}
    for _, _, origin, minutes, *_ in {call[:2]: call for call in reversed(calls)}.values():
        found[origin] = found.get(origin, 0) + minutes
    return {origin: minutes for origin, minutes in found.items() if minutes}


# --- exercise 3: prices, ms, gigabytes, slots, and what is told
BASE = {"call": 0.000_000_2, "gb_second": 0.000_016_7, "machine_hour": 0.05}
EXACT = {"call": 0.5, "gb_second": 0.0, "machine_hour": 8.0}
PRICES = [
    (BASE, 4.0, 0.125, 1, "Calls of 4 ms in an eighth of a GB: the price of a call, and that of its GB-seconds."),
    (BASE, 200.0, 0.5, 8, "Calls of 200 ms in half a GB cost mostly time, whatever the slots: GB-seconds are GB times "
                          "seconds. One machine of 8 slots bears them."),
    (BASE, 4.1, 1.0, 1, "4.1 ms are billed as 5: whole milliseconds, rounded up."),
    (EXACT, 1.0, 1.0, 1, "At 16 calls both cost 8. From there on the machine costs no more, so 16 is the answer."),
    ({**EXACT, "machine_hour": 8.25}, 1.0, 1.0, 1, "16 calls cost 8 and the machine 8.25, so it takes 17 whole calls."),
    (BASE, 400.0, 0.125, 1, "A machine of one slot can't do as many calls of 400 ms in an hour as it would take. A "
                            "second machine costs as much again, so there is no such number: None."),
    (BASE, 400.0, 0.125, 64, "With 64 slots one machine does 64 calls at a time, and bears the load that one slot "
                             "can't."),
    ({**BASE, "machine_hour": 0.0}, 4.0, 0.125, 1,
     "A machine that costs nothing is no dearer from the first call on: 1, not 0."),
    ({**EXACT, "call": 2.0}, 900_000.0, 1.0, 1,
     "Four calls of 900 seconds fill the hour of one slot: utilisation 1 is not busier than 1, so it counts.")]


def crossover(price, ms, gigabytes, slots, call=1, second=1000, billed=math.ceil):
    """(calls an hour, utilisation), or None; `call`, `second` and `billed` as somebody may get them wrong."""
    time = Fraction(billed(ms)) * Fraction(gigabytes) * Fraction(price["gb_second"])
    cost = call * Fraction(price["call"]) + (time / second if second else 0)
    if not cost:
        return None
    calls = max(1, math.ceil(Fraction(price["machine_hour"]) / cost))
    busy = calls * Fraction(ms) / (slots * 3_600_000)
    return (calls, float(busy)) if busy <= 1 else None


SLIPS = [
    (dict(gigabytes=1), "You left the gigabytes out: GB-seconds are gigabytes times seconds."),
    (dict(second=0), "You left the GB-seconds out: a call costs its price and its time."),
    (dict(call=0), "You left the price of the call out: it costs that and its GB-seconds."),
    (dict(second=1), "You took the milliseconds for seconds: GB-seconds are gigabytes times seconds."),
    (dict(billed=float), "You billed the time as it is: it is billed in whole milliseconds, rounded up."),
    (dict(billed=round), "You rounded to the nearest millisecond: 4.1 ms are billed as 5, rounded up.")]


def slip(price, ms, gigabytes, slots, calls) -> "str | None":
    """The sentence for a mistake that gives this number of calls, where one does."""
    enough = 10 ** 6                                         # slots: it is about the calls alone
    right = crossover(price, ms, gigabytes, enough)[0]
    if calls % 1:
        return f"{calls:,} calls are no whole number."
    if 0 < calls == right - 1:
        return f"At {calls:,} calls the machine is still dearer, by less than a call: it takes the next whole number."
    if slots > 1 and (abs(calls - right * slots) < slots or abs(calls - right / slots) < 1):
        return "You let the slots into the price. An hour of a machine costs the same in one slot or in all."
    for how, said in SLIPS:
        wrong = crossover(price, ms, slots=enough, **{"gigabytes": gigabytes, **how})
        if wrong and wrong[0] == calls:
            return said
    return None


# --- exercise 4: a day of messages, in ticks
TICK, COLD, CALL = 50, 800, 50                     # ms
TARGET, SILENCE = 1250, 5000                       # ms: how long 99 of 100 may wait; after so long nothing may run


def arrivals(seed: int) -> tuple:
    """(most, {tick: messages}, ticks): three bursts, and a trickle of one message a second, behind one of them."""
    chance = random.Random(seed)
    most, at, found = chance.randrange(3, 13), 20, {}
    trickle = chance.randrange(3)
    for number in range(3):
        for _ in range(most * chance.randrange(3, 6)):
            place = at + chance.randrange(4)
            found[place] = found.get(place, 0) + 1
        at += 30 + chance.randrange(20)
        for _ in range(25 if number == trickle else 0):
            found[at] = found.get(at, 0) + 1
            at += chance.randrange(18, 23)
        at += chance.randrange(200, 300)
    return most, found, at


class Day:
    """Instances on one day of messages: `run(rule)` asks the rule at each tick how many shall run."""

    def __init__(self, seed: int):
        self.most, self.coming, self.ticks = arrivals(seed)
        self.waits, self.starts, self.paid = [], 0, 0

    def run(self, rule) -> None:
        """Play the day. Wrong where more run than may, or some in a long silence."""
        queue, ready, last = [], [], -2 * SILENCE            # arrivals in ms; when each instance is free
        for now in range(0, self.ticks * TICK, TICK):
            came = self.coming.get(now // TICK, 0)
            queue += [now] * came
            last = now if came else last
            free = sum(at <= now for at in ready)
            seen = {"waiting": len(queue), "running": len(ready), "free": free, "quiet": now - last, "most": self.most}
            wanted = _asked(rule, seen)
            if wanted > self.most:
                raise Wrong(f"You wanted {wanted} instances and may have {self.most}: the database refuses the "
                            "connection of one more, and its message fails.", [seen])
            self.starts += max(0, wanted - len(ready))
            ready += [now + COLD] * (wanted - len(ready))
            for _ in range(min(free, len(ready) - wanted)):
                ready.remove(min(ready))
            if ready and not queue and now - last >= SILENCE:
                raise Wrong(f"No message has come for {(now - last) / 1000:.0f} seconds, and {len(ready)} run: that is "
                            "paid.", [seen])
            for place, at in enumerate(ready):
                if at <= now and queue:
                    self.waits.append(now - queue.pop(0))
                    ready[place] = now + CALL
            self.paid += len(ready) * TICK
        self.waits += [now - came for came in queue]

    def judge(self) -> None:
        """Wrong where messages waited too long, or too much was started or paid."""
        waited = sorted(self.waits)[math.ceil(len(self.waits) * 0.99) - 1]
        share = self.paid / (self.most * self.ticks * TICK)
        show = [{"most": self.most, "messages": len(self.waits), "p99 of waiting, ms": waited, "starts": self.starts,
                 "paid, of always on": round(share, 2)}]
        if waited > TARGET:
            raise Wrong(f"99 of 100 messages waited up to {waited:,} ms, and {TARGET:,} are the target.", show)
        if self.starts > 4 * self.most:
            raise Wrong(f"You started {self.starts} instances, and four times `most` are {4 * self.most}. In a "
                        "trickle, an instance that is kept for the next message saves a start.", show)
        if share > 0.25:
            raise Wrong(f"Your instances ran for {share:.0%} of the time of `most` that are always on; a quarter is "
                        "the budget.", show)


def _asked(rule, seen: dict) -> int:
    try:
        wanted = rule(*seen.values())             # a learner may have renamed them
    except Exception as error:
        raise Raised(error, ", ".join(f"{name}={value}" for name, value in seen.items())) from error
    if wanted is None:
        raise Unfit("Your rule returned None. It says how many instances shall run: a whole number.")
    wanted = int(wanted) if isinstance(wanted, bool) else wanted           # max(0, quiet < 2000) is True
    wanted = number(wanted, "How many shall run")
    if not 0 <= wanted < math.inf or wanted != int(wanted):
        raise Unfit(f"How many shall run should be a whole number, 0 or more, and yours is {wanted}.")
    return int(wanted)
