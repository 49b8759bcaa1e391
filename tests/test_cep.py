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
    (2, lambda times, event: (None, None), "not what the Goal says"),
    (2, lambda times, event: ([], []), "the second thing is None"),
    (3, lambda memory, batch, now: (memory, (flight for flight in [])), "should be a list"),
    (3, lambda memory, batch, now: (memory, "UA 1"), "should be a list"),
    (3, lambda memory, batch, now: (memory, [["UA 1"]]), "the text of a flight"),
    (4, lambda memory, payment: memory, "two things"),
    (4, lambda memory, payment: (memory, None), "no alarm")])
def test_what_is_no_answer_is_told_what_it_is(n, answer, said):
    with pytest.raises((Wrong, Unfit)) as refused:
        check(n, answer)
    assert said in refused.value.sentence


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
