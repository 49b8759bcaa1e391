"""Lab 15: what is right in each exercise, and what each usual mistake is told."""
import math
import uuid
from collections.abc import Mapping

import numpy as np

from ...checking.calls import Kept, ask, do, fits, kind
from ...checking.kinds import number
from ...checking.limits import limited
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from . import deliveries, trial


def counted(answer):
    """handle(event, state): one event on two states, then streams of calls, each with its sentence."""
    fits(answer, None, None)
    probe = [(f"/probe/{uuid.uuid4().hex[:6]}", "1", "EWR", 5, 0, 1)]      # new to whoever has been checked before
    once, again = (_minutes(_played(answer, probe)) for _ in range(2))
    if once != again:
        raise Wrong(f"One event, on two new states: they say {once or 'nothing'}, then {again or 'nothing'}. Your function "
                    "remembers something outside of the state, and a process that ends takes such a memory.")
    for calls, said in trial.CALLS:
        state = _played(answer, calls)
        found = _minutes(state)
        if found != trial.totals(calls):
            names = ("source", "id", "origin", "minutes", "offset", "attempt")
            raise Wrong(said, [*(dict(zip(names, call)) for call in calls), {"source": "yours:", "origin": str(found)}])
    return "A name is source and id. Offset, attempt and contents say something else."


def _played(answer, calls) -> Kept:
    state = Kept(seen=set(), minutes=Kept())
    for call in calls:
        given = Kept(trial.event(*call))
        do(answer, given, state)
        if given != trial.event(*call):
            raise Wrong("You changed the event. Whoever calls again sends it as it was: leave it.", [dict(given)])
    return state


def _minutes(state) -> dict:
    found = state.get("minutes")
    if not isinstance(found, Mapping):
        raise Unfit(f"state['minutes'] should be a dict, {{origin: minutes}}, and it is {kind(found)}.")
    found = {origin: number(minutes, f"The minutes of {origin}") for origin, minutes in found.items()}
    return {origin: minutes for origin, minutes in found.items() if minutes}


def settled(answer):
    """run(batch, process, dead_letter, most): ten stories, each delivered until nothing is wanted again, and a kill."""
    fits(answer, None, None, None, None)
    for story, most in deliveries.STORIES:
        deliveries.deliver(answer, story, most)
    deliveries.kill(answer)
    return ("Each message is processed, comes again or is a dead letter: one of the three, and one bad message stops "
            "no other.")


def cheaper(answer):
    """crossover(price, ms, gigabytes, slots): sets of prices, each with its sentence."""
    for price, ms, gigabytes, slots, said in trial.PRICES:
        right = trial.crossover(price, ms, gigabytes, slots)
        mine = do(answer, dict(price), ms, gigabytes, slots)
        show = [{**price, "ms": ms, "gigabytes": gigabytes, "slots": slots, "yours": str(mine)}]
        if mine is None and right is None:
            continue
        if mine is None:
            raise Wrong(f"crossover returned None. Here is a number from which a machine is no dearer. {said}", show)
        if not isinstance(mine, (tuple, list, np.ndarray)) or len(mine) != 2:
            raise Unfit("crossover should return a pair, calls and utilisation, or None, and yours returned "
                        f"{kind(mine)}.")
        calls, busy = number(mine[0], "The calls an hour"), number(mine[1], "The utilisation")
        if right is None or calls != right[0]:
            other = right and trial.slip(price, ms, gigabytes, slots, calls)
            raise Wrong(other or said, show)
        if not _near(busy, right[1]):
            slips = {slots: "You left the slots out", math.ceil(ms) / ms: "You took the billed time",
                     100: "You gave per cent", 3600: "You took one second for the hour"}
            why = [said for times, said in slips.items() if _near(busy, right[1] * times)] or ["It is another number"]
            raise Wrong(f"The calls are right, and the utilisation is not. {why[0]}: it is the time that the calls take, "
                        "unrounded, as a share of the machine's hour in all of its slots.", show)
    return "Where one machine can't bear that many calls, a second one costs as much again: the call stays cheaper."


def _near(value, right) -> bool:
    return abs(value - right) <= 1e-9 + 1e-6 * right


def limited_starts(answer):
    """wanted(waiting, running, free, quiet, most): one call by itself, then twenty days."""
    ask(answer, 0, 0, 0, 2 * trial.SILENCE, 3)
    with limited(10, lambda: "20 days"):
        over_seeds(20, lambda seed: _day(answer, seed))
    return "Twenty days: fast enough in bursts, no connection too many, and nothing runs in the silence."


def _day(answer, seed):
    day = trial.Day(seed)
    day.run(answer)
    day.judge()


EXERCISES = {
    1: Exercise("A name for what has happened", counted,
                ("What is the same in a copy, and differs between any two events? Look at what two sources may share.",
                 "key = (event['source'], event['id']); then: if key in state['seen'], return."),
                "CloudEvents asks of a producer that source and id together are another pair for each event. Where a "
                "message stands (offset), which try it is (attempt) and what it says (data) can differ in a copy, or "
                "be equal in two events."),
    2: Exercise("A part of the batch", settled,
                ("Three things can become of a message. Which of them does today's function know? And what may "
                 "dead_letter do?",
                 "try: process(message), except Exception: if message['delivery'] >= most, try dead_letter(message) "
                 "and continue; where that raises, or there are tries left, append the id."),
                "One try block around one message, so a failure is that message's own. A message leaves the queue "
                "when somebody else has it: its effect, or the topic of dead letters. Until then its id stays in the "
                "list.",
                minutes=20),
    3: Exercise("Where the machine is cheaper", cheaper,
                ("What does one call cost, all in all? From how many of them on is that an hour of a machine? Can it "
                 "do them?",
                 "math.ceil(price['machine_hour'] / cost), at least 1; busy = calls * ms / (slots * 3_600_000); None "
                 "if busy > 1."),
                "Cost by the call is a straight line, cost by the machine a stair. They cross on the first step or "
                "never: two machines cost twice as much and bear twice as many.",
                minutes=15),
    4: Exercise("How many at once", limited_starts,
                ("Those that work or start go on. How many messages have nobody? What is one idle instance worth in a "
                 "trickle?",
                 "max(waiting, running - free, 1 if quiet < 2000 else 0), and never more than most."),
                "Instances that start are counted as if they were there, so a burst starts each once. One idle "
                "instance bridges a trickle; in a silence it goes. The limit is not about speed: it is what the "
                "database can bear.",
                minutes=40, starred=True),
}
