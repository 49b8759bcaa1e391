"""What is special in 15: a key bears copies and kills, poison blocks where there are no dead letters, and nothing is left."""
import re

import pytest
import runs

from patternlab.patterns import serverless as airport
from patternlab.truth import truth

SLUG = "15-serverless"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def right(slice):
    """What the run's departures add up to, whatever this process has in its environment."""
    return truth("first_departures", runs.span(SLUG, slice, "day"))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_variable_counts_one_burst_and_rows_count_copies(slice):
    departures, rows, counted = int(right(slice).departures.sum()), *value(slice, "[int(n) for n in naive.iloc[0]]")
    assert rows == departures + round(departures * 0.2) > departures > counted == rows / 2


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_kill_behind_the_commit_counts_twice_without_a_key_and_once_with_one(slice):
    departures = int(right(slice).departures.sum())
    assert value(slice, "int(unkeyed)") == departures + round(departures * 0.2) + 4
    assert value(slice, "board.departures.tolist() + board.minutes.tolist()") == \
        right(slice).departures.tolist() + right(slice).minutes.tolist()
    made = value(slice, "calls.outcome.value_counts().to_dict()")
    assert made == {"done": round(departures * 1.2), "failed": 9, "died": 4}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_poison_blocks_its_batch_and_all_behind_it_until_there_are_dead_letters(slice):
    refused = value(slice, "refused")
    assert len(refused) == 3 and len(set(refused)) == 1 and re.search("[123] failed$", refused[0]), "one batch, for ever"
    waiting, still = map(int, re.search(r"(\d+) departures waited, now (\d+) do", said("break-unblocked", slice)).groups())
    assert waiting > 25 and still == 0
    assert value(slice, "letters.key.tolist()") == ["poison-1", "poison-2", "poison-3"]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_a_trigger_that_dies_before_its_commit_brings_a_batch_again(slice):
    made, messages = map(int, re.search(r"(\d+) calls for (\d+) messages", said("break-trigger", slice)).groups())
    assert 0 < made - messages <= 25
    assert value(slice, "redelivered.departures.sum() == board.departures.sum()")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_sums_fit_and_the_names_do_not(slice):
    published = truth("first_departures", runs.span(SLUG, slice, "day"), most=90)
    assert value(slice, "evening.departures.tolist()") == published.departures.tolist()
    assert sorted(value(slice, "times[times != 1].tolist()")) == [0, 2]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_cold_and_warm_are_two_humps(slice):
    cold, warm, starts = value(slice, "[half.cold, half.warm, int((calls.start == 'cold').sum())]")
    assert cold > 10 * warm and starts >= 2 + 4, "one a burst at least, and one for each that was killed"


def test_no_process_of_a_function_is_left():
    assert value("other", "[len(instances()), len(free), airport.gone(calls.process_id)]") == [0, 0, True]


def test_a_cell_that_was_interrupted_leaves_nothing_to_the_next_run():
    """Whatever is interrupted, `again` ends it; and an interrupted trigger ends its own."""
    notebook = runs.executed(SLUG, "other")
    code = """
import _thread, threading
FUNCTION = ONCE
group = again()
bus.send(TOPIC, twice)
threading.Timer(1.0, _thread.interrupt_main).start()
try:
    for _ in range(50):
        trigger(group, airport.nothing)
        group = again()
        bus.send(TOPIC, twice)
except KeyboardInterrupt:
    print("interrupted", end=" ")
time.sleep(1)
left = instance(ONCE, "handle", DSN=store.dsn)
free.append(left)
group = again()
print([len(instances()), len(free), left.alive()])
bus.send(TOPIC, twice)
trigger(group, dead_letters)
print(airport.beside(store.sql("select * from delays"), right).eval("departures == published").all(), len(instances()))
"""
    printed, error = runs.run_code(notebook, code)
    assert error is None and "interrupted [0, 0, False]" in printed and "True 0" in printed, error or printed


def test_what_befalls_the_messages():
    departures = [{"key": str(n), "origin": ("EWR", "JFK")[n % 2], "dep_delay": n} for n in range(60)]
    assert [len(burst) for burst in airport.bursts(departures, 3)] == [20, 20, 20]
    assert sum(map(len, airport.bursts(departures[:7], 3))) == 7
    poisoned = airport.with_poison(departures)
    assert [at for at, message in enumerate(poisoned) if message["dep_delay"] == "soon"] == [30, 31, 32]
    killing = airport.with_kills(poisoned, 4)
    assert sum("kill" in message for message in killing) == 4 and not any("kill" in m for m in killing[30:33])
    odd = airport.odd_evening(departures)
    assert len(odd) == 61 and sum(message["dep_delay"] == "soon" for message in odd) == 1
    assert len({message["key"] for message in odd}) == 60
