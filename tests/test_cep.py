"""Pattern 08 without an engine: the maker of payments, the plain replay, and answers to lab 08 that nobody wrote into it."""
from dataclasses import dataclass

import numpy
import pytest

from patternlab.checking.outcomes import Raised, Unfit, Wrong
from patternlab.patterns.cep import lab, scene, trial
from patternlab.patterns.cep.payments import LARGE, SMALL, payments


def check(n, answer):
    return lab.EXERCISES[n].check(answer)


# --- payments

def test_payments_are_drawn_from_their_seed_alone():
    assert payments(cards=50, authorisations=500, seed=3, fraud=5, bait=9) == payments(cards=50, authorisations=500, seed=3,
                                                                                      fraud=5, bait=9)
    rows, labels = payments(cards=50, authorisations=500, seed=4, fraud=5, bait=9)
    assert len(rows) == 500 and len(labels) == 5
    by_id = {row[0]: row for row in rows}
    for name in labels:
        _, card, at, amount = by_id[name]
        before = [row for row in rows if row[1] == card and row[3] <= SMALL and 0 < (at - row[2]).total_seconds() < 900]
        assert amount >= LARGE and len(before) >= 3, "a fraud follows its tests"


# --- the replay

def test_a_replay_drops_what_is_not_after_the_watermark_as_spark_does():
    log = [dict(event, tailnum=tail) for tail, event in zip("ABC", scene.by_hand(
        "10:00 arrived A 45", "12:00 departed B 5", "10:30 departed C 50"))]

    def keep(waiting, begun, now):
        return [], [], [(event[2], None, event[0], "seen") for event in waiting]
    found = scene.replayed(log, keep, patience=60, per_batch=2).found
    assert list(found["first"]) == ["A", "B"], "C is 90 minutes behind the newest"
    assert list(scene.replayed(log, keep, patience=120, per_batch=2).found["first"]) == ["A", "B", "C"]


# --- the lab

def test_steps_may_give_other_kinds_of_pairs_and_numbers():
    def step(waiting, event):
        at, kind, delay = event
        waiting = None if waiting is None or at - waiting > 720 else waiting
        if delay > 30 and kind == "arrived":
            return numpy.array([at])[0], None
        return [None, numpy.array([waiting, at])] if delay > 30 and waiting is not None else [waiting, None]
    assert check(1, step)


@pytest.mark.parametrize("n, answer, said", [
    (1, lambda waiting, event: (waiting, ()), "the second thing is None"),
    (1, lambda waiting, event: waiting or 0, "two things"),
    (2, lambda times, event: (None, None), "should be a list, the oldest first"),
    (2, lambda times, event: ({event[0]}, None), "should be a list, the oldest first"),
    (2, lambda times, event: ([], []), "the second thing is None"),
    (3, lambda memory, batch, now: (memory, (flight for flight in [])), "should be a list"),
    (3, lambda memory, batch, now: (memory, "UA 1"), "should be a list"),
    (3, lambda memory, batch, now: (memory, [["UA 1"]]), "the text of a flight"),
    (4, lambda memory, payment: memory, "two things"),
    (4, lambda memory, payment: (memory, None), "no alarm"),
    (4, lambda memory, payment: (memory, "no"), "True or False, yours is the text 'no'"),
    (4, lambda memory, payment: (memory, numpy.array([True, False])), "should be True or False")])
def test_what_is_no_answer_is_told_what_it_is(n, answer, said):
    with pytest.raises((Wrong, Unfit)) as refused:
        check(n, answer)
    assert said in refused.value.sentence


LATE = {"than 31": lambda delay: delay > 31, "than 29": lambda delay: delay > 29, "either way": lambda delay: abs(delay) > 30}


@pytest.mark.parametrize("name, said", [("than 31", "31 minutes is late"), ("than 29", "30 minutes is not late"),
                                        ("either way", "-45 minutes is 45 minutes early")])
def test_late_is_more_than_30_minutes_and_nothing_else(name, said):
    late = LATE[name]

    def waits(waiting, event):
        at, kind, delay = event
        waiting = None if waiting is None or at - waiting > 720 else waiting
        if late(delay) and kind == "arrived":
            return at, None
        return (None, (waiting, at)) if late(delay) and waiting is not None else (waiting, None)

    def row(times, event):
        at, kind, delay = event
        times = times if kind == "arrived" else [*times, at] if late(delay) else []
        return times[-2:], tuple(times) if len(times) == 3 and at - times[0] <= 1440 else None
    for n, answer in ((1, waits), (2, row)):
        with pytest.raises(Wrong) as refused:
            check(n, answer)
        assert said in refused.value.sentence
    with pytest.raises(Wrong) as refused:
        check(3, lambda memory, batch, now: decided(memory, batch, now, late))
    assert refused.value.sentence


def decided(memory, batch, now, late=lambda delay: delay > 30):
    """Exercise 3: (memory, alarms)."""
    events = {event for event in {*memory, *batch} if late(event[3])}
    open = {event for event in events if event[1] == "arrived"}
    ends = {event[0] for event in events - open}
    over = {event for event in open if event[0] + 720 <= now}
    alarms = sorted(event[2] for event in over if not any(0 <= end - event[0] <= 720 for end in ends))
    kept = open - over
    return [event for event in events if event in kept or event not in open and (
        event[0] > now or any(0 <= event[0] - arrival[0] <= 720 for arrival in kept))], alarms


@pytest.mark.parametrize("kind", [tuple, frozenset, numpy.array, lambda alarms: dict.fromkeys(alarms).keys()])
def test_alarms_may_be_any_collection_and_a_memory_may_have_names_for_its_parts(kind):
    def decide(memory, batch, now):
        kept, alarms = decided(memory.get("events", []) if memory else [], batch, now)
        return {"events": kept, "unused": {}}, kind(alarms)
    assert check(3, decide)


def test_a_memory_with_a_name_for_each_flight_is_not_empty():
    def decide(memory, batch, now):
        memory = memory or {"events": []}
        kept, alarms = decided(memory["events"], batch, now)
        return {**memory, **{event[2]: [] for event in batch}, "events": kept}, alarms
    with pytest.raises(Wrong, match="the memory still holds 1 things"):
        check(3, decide)


def test_a_departure_that_is_reported_before_its_arrival_is_kept():
    def decide(memory, batch, now):
        kept, alarms = decided(memory, batch, now)
        open = [event for event in kept if event[1] == "arrived"]
        return [event for event in kept if any(0 <= event[0] - arrival[0] <= 720 for arrival in open)], alarms
    with pytest.raises(Wrong, match="UA 1 arrived at 150, and a late departure followed at 400"):
        check(3, decide)


def test_minute_0_waits_on_and_two_times_are_kept_however_far_apart():
    def forgets(waiting, event):
        at, kind, delay = event
        waiting = None if waiting is None or at - waiting > 720 else waiting
        if delay > 30 and kind == "arrived":
            return at, None
        return (None, (waiting, at)) if delay > 30 and waiting is not None else (waiting or None, None)

    def trims(times, event):
        at, kind, delay = event
        if kind == "arrived":
            return times, None
        times = [*[time for time in times if at - time <= 1440], at] if delay > 30 else []
        return times[-2:], tuple(times) if len(times) == 3 else None
    for n, answer, said in ((1, forgets, "Ask whether `waiting is None`"), (2, trims, "However far apart, says the Goal")):
        with pytest.raises(Wrong) as refused:
            check(n, answer)
        assert said in refused.value.sentence


def watched(memory, payment, large=200):
    """Exercise 4: (memory, alarm)."""
    _, card, second, amount = payment
    small = [(at, which) for at, which in memory.get("small", []) if second - at <= 360] + [(second, card)] * (amount <= 5)
    own = [at for at, which in small if which == card]
    armed = any(end - begin <= 60 and second - end <= 300 for begin, end in zip(own, own[2:]))
    return {"small": small}, armed and amount >= large


def test_a_watch_that_keeps_its_memory_elsewhere_is_found_even_if_it_begins_anew_when_time_goes_back():
    kept = {"memory": {}, "second": 0}

    def watch(memory, payment):
        if payment[2] < kept["second"]:
            kept["memory"] = {}
        kept["memory"], alarm = watched(kept["memory"], payment)
        kept["second"] = payment[2]
        return {}, alarm
    with pytest.raises(Wrong, match="outside of memory"):
        check(4, watch)


def test_an_accused_payment_that_is_neither_small_nor_large_is_called_so():
    with pytest.raises(Wrong, match="large begins at 200 dollars"):
        check(4, lambda memory, payment: watched(memory, payment, large=50))


def test_a_memory_may_be_an_object_of_the_learners_and_inputs_may_be_changed():
    @dataclass
    class Memory:
        arrivals: dict
        ends: set

    def decide(memory, batch, now):
        memory = memory if isinstance(memory, Memory) else Memory({}, set())
        while batch:
            at, kind, flight, delay = batch.pop()
            if delay > 30 and kind == "arrived":
                memory.arrivals[flight] = at
            elif delay > 30:
                memory.ends.add(at)
        over = {flight: at for flight, at in memory.arrivals.items() if at + 720 <= now}
        said = {flight for flight, at in over.items() if not any(0 <= end - at <= 720 for end in memory.ends)}
        memory.arrivals = {flight: at for flight, at in memory.arrivals.items() if flight not in over}
        memory.ends = {end for end in memory.ends if end > now or any(0 <= end - at <= 720 for at in memory.arrivals.values())}
        return memory, said
    assert check(3, decide)


def test_an_exception_in_the_middle_of_a_day_is_shown_with_its_payment():
    def watch(memory, payment):
        if payment[0] == "p000100":
            raise KeyError("card")
        return memory, False
    with pytest.raises(Raised) as raised:
        check(4, watch)
    assert "p000100" in raised.value.given


def test_the_size_of_a_memory_counts_keys_values_and_long_texts():
    @dataclass
    class Two:
        one: int
        other: list
    memories = {}, None, [], {"a": []}, {"a": [1, 2]}, Two(1, [2, 3]), "x" * 160, numpy.arange(5)
    assert [trial.size(each) for each in memories] == [0, 0, 0, 1, 3, 3, 11, 5]


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_stories_keep_what_a_watermark_promises(seed):
    """What is at or before a watermark has been reported with it, or it is a copy of what was: else no answer could be right."""
    seen = set()
    batches = trial.story(seed)
    for place, (batch, now) in enumerate(batches):
        seen |= set(batch)
        later = {event for after, _ in batches[place + 1:] for event in after}
        assert not [event for event in later if event[0] <= now], f"after {now}"
