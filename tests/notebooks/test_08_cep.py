"""What is special in 08: a join pairs too much, disorder loses what began late, "never" is said too early, counts mislead."""
import re

import pandas
import pytest
import runs

from patternlab import faults
from patternlab.flights import rows
from patternlab.patterns.cep import scene
from patternlab.truth import truth

SLUG = "08-cep"


def said(tag, slice) -> str:
    return runs.said(runs.executed(SLUG, slice), tag)


def value(slice, expression):
    return runs.value(runs.executed(SLUG, slice), expression)


def span(slice) -> tuple:
    return runs.span(SLUG, slice, "week")


def pairs(slice, name) -> set:
    return scene.pairs(truth("sequences", span(slice)), name)


def shown(slice, expression) -> set:
    """A set of pairs of the kernel."""
    return set(map(tuple, value(slice, f"sorted(scene.pairs({expression}), key=str)")))


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_naive_join_gives_every_pair_and_some_arrivals_several(slice):
    counts = truth("sequence_counts", span(slice))
    assert value(slice, "[len(naive), int(naive['first'].nunique())]") == [counts["any"], counts["next"]]
    assert value(slice, "len(joined(spark.createDataFrame(pd.DataFrame(toy))).collect())") == 2, "on the toy it is right"
    if slice == "own":
        assert counts["any"] > counts["next"], "and on the week it is not"


@pytest.mark.parametrize("slice", runs.SLICES)
def test_the_story_has_one_two_and_three_sequences(slice):
    told = said("step-story", slice)
    assert [len(re.findall(rf"-\w {name}\b", told)) for name in ("strict", "next", "any")] == [1, 2, 3]


@pytest.mark.parametrize("slice", runs.SLICES)
def test_in_disorder_a_sequence_is_lost_exactly_where_its_end_is_reported_before_its_start(slice):
    arrived, departed = scene.by_kind(scene.legs(span(slice)))
    mixed = faults.duplicated(departed + faults.late(arrived, 0.5, (60, 300)), 0.1)
    first, last = {}, {}
    for place, event in enumerate(mixed):
        first.setdefault((event["key"], event["kind"]), place)
        last[event["key"], event["kind"]] = place
    kept = {(a, b) for a, b in pairs(slice, "any") if first[a, "arrived"] < last[b, "departed"]}
    assert shown(slice, "hasty, 'any'") == kept < pairs(slice, "any")


def test_copies_are_counted_more_often():
    assert value("own", "len(hasty)") > value("own", "len(scene.pairs(hasty))")


@pytest.mark.parametrize("slice", runs.SLICES)
def test_never_is_false_only_where_the_departure_was_reported_late(slice):
    numbers = re.findall(r"patience (\d+): ([\d,]+) times never, ([\d,]+) false", said("break-negation", slice))
    false = {int(patience): int(count.replace(",", "")) for patience, _, count in numbers}
    assert false[1] > 0 == false[180] and false[1] >= false[90]
    arrived, departed = scene.by_kind(scene.legs(span(slice)))
    slow = {event["key"]: scene.millis(event["arrival"]) - event["at"] for event in faults.late(departed, 0.3, (60, 170))}
    alarms = shown(slice, "runs[1].found, 'never'") - pairs(slice, "never")
    answers = dict(pairs(slice, "next"))
    assert len(alarms) == false[1]
    assert all(slow[answers[first]] >= 60 * scene.MINUTE for first, _ in alarms)


@pytest.mark.parametrize("slice", runs.SLICES)
def test_in_order_of_arrival_looks_right_on_the_first_log_only(slice):
    assert set(value(slice, "scene.wrong(tidy, right)").values()) == {0}
    assert sum(value(slice, "scene.wrong(hasty, right)").values()) > 0


@pytest.mark.parametrize("slice", runs.SLICES)
def test_as_many_cards_are_caught_as_there_are_frauds_and_two_of_them_are_not_the_same(slice):
    caught, frauds = set(truth("card_tests", scene.PAYDAY).id), set(rows("payments_labels").id)
    frauds &= set(rows("payments", scene.PAYDAY).id)
    right = [len(caught), len(frauds), len(caught & frauds)]
    assert value(slice, "[len(caught), len(frauds), len(hits)]") == right == [27, 27, 26]


def test_a_table_is_read_where_the_thread_has_no_active_session():
    """An interrupted cell loses its connection to the JVM, and the next one has a thread without one."""
    java = "type(spark)._get_j_spark_session_class(spark._jvm)"
    read = f"[{java}.clearActiveSession(), len(scene.table(work / 'legs')), {java}.setActiveSession(spark._jsparkSession)][1]"
    assert value("own", read) == len(truth("sequences", span("own")))


def test_the_numbers_of_the_week():
    assert value("own", "counts.to_dict()") == {"strict": 232, "next": 240, "any": 260}


@pytest.mark.parametrize("slice", runs.SLICES)
def test_patience_buys_what_is_missing_and_every_figure_is_drawn(slice):
    table = "scene.price(runs, right)"
    missing, alarms = (value(slice, f"{table}[{column!r}].tolist()") for column in ("pairs missing", "false alarms"))
    assert missing == sorted(missing, reverse=True) and alarms == sorted(alarms, reverse=True)
    assert (missing[-1], alarms[-1]) == (0, 0)
    for cell in runs.tagged(runs.executed(SLUG, slice).nb.cells, "figure-"):
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id


PLAIN = ("look-toy", "look-real", "step-strategies", "step-automaton", "step-story", "step-forget", "step-advance")
BROKEN = "predict", "break-order", "step-order-repaired", "break-negation", "look-arrival", "look-price"


@pytest.mark.parametrize("days", ["2013-02-09..2013-02-09", "2013-11-03..2013-11-03", "2013-03-09..2013-03-11"])
def test_what_needs_no_spark_holds_on_quiet_days_and_odd_nights_too(days, monkeypatch, recwarn):
    """The cells without Spark, here in this process: a day after a storm without any sequence, two changes of the clocks."""
    monkeypatch.setenv("PATTERNLAB_SLICE", days)
    own = {tag: cell.source for cell in runs.load(SLUG).cells for tag in cell.metadata.get("tags", [])}
    shown = []
    names = {"pd": pandas, "faults": faults, "truth": truth, "scene": scene, "look": lambda table, **_: shown.append(table)}
    for tag in PLAIN:
        exec(own[tag], names)
    found = scene.replayed(names["log"], names["advance"]).found
    names["counts"] = scene.beside({"found": found})["found"]
    for tag in BROKEN:
        exec(own[tag], names)
    right = scene.pairs(names["right"])
    assert scene.pairs(found) == scene.pairs(names["patient"].found) == scene.pairs(names["runs"][180].found) == right
    assert scene.pairs(names["hasty"]) <= right and set(scene.wrong(names["tidy"], names["right"]).values()) == {0}
    waits = shown[-1]["minutes to the answer"].dropna()
    assert all(waits >= waits.index)
    title, spans = scene.drawn(names["log"], found)
    many = sum(lane.strip() == "any" for lane, *_ in spans)
    assert spans and (f"{many} late departure" in title if many else "as every aircraft" in title)
    assert not recwarn.list


def test_what_goes_to_the_workers_needs_no_module_of_the_kit():
    """Each of three Python processes would load scene, and pandas with it, before the first batch: seconds of `step-run`."""
    classes = [cell.source for cell in runs.load(SLUG).cells if re.search(r"^class \w+\(", cell.source, re.M)]
    assert len(classes) == 4
    assert not [code for code in classes if "scene" in code[code.index("\nclass " if "\nclass " in code else "class "):]]
