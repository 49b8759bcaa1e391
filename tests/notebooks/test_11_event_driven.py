"""What is special in 11: counters count copies, one of two commands wins, kills lose or double a batch, replays send mails."""
import re
from datetime import date

import pytest
import runs

from patternlab.flights import SLICES as KNOWN
from patternlab.patterns import event_driven as airport
from patternlab.truth import truth

SLUG = "11-event-driven"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def played(slice):
    """The day that a run plays, whatever this process has in its environment."""
    return airport.storm_day(runs.span(SLUG, slice, "month"))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_counters_count_every_copy(slice):
    counted = value(slice, "{kind: int(n) for kind, n in zip(counted.kind, counted.counted)}")
    ends = truth("conservation", played(slice))
    assert all(counted[kind] >= ends[kind] for kind in counted)
    assert sum(counted.values()) - ends["lifecycle"] == round(ends["lifecycle"] * 0.05) > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_of_two_commands_at_one_moment_one_wins(slice):
    assert "events_pkey" in said("step-race", slice), "both had seen version 1; the key refused the second"
    assert "expected version 1, it is 2" in said("step-conflict", slice)
    assert "departed can't become cancelled" in said("step-conflict", slice)
    assert value(slice, "[int(version) for version in raced.version]") == [1, 2]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_what_goes_astray_spoils_the_board_that_believes_the_last(slice):
    unguarded, guarded = value(slice, "[unguarded, guarded]")
    assert unguarded > 0 == guarded
    assert str(unguarded) in said("break-astray", slice).replace(",", "")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_kill_loses_or_doubles_one_batch_and_one_transaction_neither(slice):
    lost, doubled, exact = value(slice, "[lost, doubled, exact]")
    assert 0 < lost <= 500 and 0 < doubled <= 500, "the second batch"
    assert exact == truth("conservation", played(slice))["lifecycle"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_replay_sends_every_mail_again_until_events_have_names(slice):
    cancelled = truth("conservation", played(slice))["cancelled"]
    assert value(slice, "[again, len(mailed)]") == [cancelled, cancelled]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_count_fits_and_the_versions_do_not(slice):
    first, second = re.search(r"departed: ([\d,]+) counted, ([\d,]+) published", said("break-count-fits", slice)).groups()
    assert first == second
    assert value(slice, "sorted(seen[~whole])[-1][:3] + sorted(seen[~whole])[0]") == [1, 3, 1, 2, 2] or \
        sorted(value(slice, "[list(found) for found in seen[~whole]]")) == [[1, 2, 2, 3], [1, 3]]


def test_the_relay_waits_for_a_transaction_that_is_still_open():
    """A position is drawn before the commit: without the lock the relay would pass the earlier one."""
    notebook = runs.executed(SLUG, "other")
    code = """
import threading
slow = psycopg2.connect(store.dsn)
fast = psycopg2.connect(store.dsn)
before = sum(bus.end_offsets(TOPIC).values())
slow.cursor().execute(INSERT, {**day[0], "key": "slow", "version": 1})
append(fast, 0, {**day[0], "key": "fast"})
work = threading.Thread(target=relay)
work.start()
work.join(1)
waits, sent = work.is_alive(), sum(bus.end_offsets(TOPIC).values()) - before
slow.commit()
work.join(20)
print([waits, sent, sum(bus.end_offsets(TOPIC).values()) - before])
store.sql("delete from events where key in ('slow', 'fast')")
"""
    printed, error = runs.run_code(notebook, code)
    assert error is None and "[True, 0, 2]" in printed, error or printed


def test_the_day_is_the_one_with_most_cancellations():
    assert airport.storm_day(KNOWN["month"])[0] == date(2013, 2, 8)
    quiet = airport.storm_day((date(2013, 11, 28), date(2013, 11, 28)))
    facts = airport.facts(quiet)
    assert len(airport.two_lives(facts)) >= 5 and sum(map(len, airport.parts(facts, 4).values())) == len(facts)
    for fact in facts:
        assert fact["version"] in (1, 2, 3)


def test_a_place_that_the_consumer_does_not_know_yet_is_waited_for():
    """KafkaConsumer.position is None until the broker has told it, which takes a moment on a busy machine."""
    places = iter([None, None, 3])

    class Slow:
        def poll(self, **settings):
            return {}

        def assignment(self):
            return {"part"}

        def end_offsets(self, parts):
            return {part: 3 for part in parts}

        def position(self, part, timeout_ms):
            return next(places)

    assert list(airport.batches(Slow())) == [] and next(places, "read to the end") == "read to the end"
