"""What labs are judged by: blanks are seen, matchers agree with real tables and topics, refusals hide the answer."""
import decimal
import functools
import json

import nbformat
import nothing
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import runs

from patternlab.checking import calls, kinds, seeds, tables
from patternlab.checking.answers import blank
from patternlab.checking.outcomes import Unfit
from patternlab.lab import Exercise, Lab, Raised, Wrong


def unfilled(reports):
    total = ...
    return total


def typed(reports: tuple[int, ...]):
    return reports[..., 0]


class Half:
    def done(self):
        return 1

    def open(self):
        ...


@pytest.mark.parametrize("answer", [..., [1, ...], {"a": (1, ...)}, unfilled, [unfilled], Half,
                                    functools.partial(unfilled, 1)])
def test_a_blank_is_not_an_attempt(answer):
    assert "..." in blank(answer)


@pytest.mark.parametrize("answer", [None, 0, "...", typed, lambda row: row, len, [1], Half().done,
                                    pd.DataFrame({"func": [1]})])
def test_a_filled_answer_is_an_attempt(answer):
    assert blank(answer) == ""


def test_a_blank_names_its_line():
    assert blank(unfilled) == "There is still a ... in line 2 of unfilled()."


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setenv("PATTERNLAB_PROGRESS", str(tmp_path))
    lab = Lab("template-lab")
    check = lambda answer: tables.judge(calls.ask(answer, 4), 2, [(8, "You doubled.")])
    lab._exercises = {1: Exercise("Half", check, ("Less?", "Divide."), "Because.")}
    return lab


def test_four_outcomes(lab, capsys):
    for answer, outcome in ((..., "not attempted"), (lambda n: n * 2, "not yet"), (lambda n: n / 0, "raised"),
                            (lambda n: n / 2, "right")):
        lab.check(1, answer)
        assert lab.results[1].outcome == outcome
    out = capsys.readouterr().out
    assert "not yet. You doubled." in out and "ZeroDivisionError: division by zero" in out and "input: 4" in out
    assert "lambda n: n / 0" in out, "the learner's own line is shown"
    note = json.loads((lab._file()).read_text())
    assert note["1"] == {"attempts": 3, "right": True}


def test_the_lab_survives_a_torn_progress_file_and_says_what_it_has(lab, capsys):
    lab._file().write_text('{"1": {"att')
    lab.progress()
    assert "open" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no exercise 7"):
        lab.check(7, 1)
    with pytest.raises(ValueError, match="no lab '98-nothing'"):
        Lab("98-nothing")


def test_none_is_refused_with_a_sentence_of_its_own(lab, capsys):
    for answer, said in ((None, "Your answer is None: "), (lambda n: None, "<lambda>() returned None: is a return missing")):
        lab.check(1, answer)
        assert lab.results[1].outcome == "not yet" and lab.results[1].sentence.startswith(said), lab.results[1]
    assert "input: 4" in capsys.readouterr().out
    assert calls.do(lambda n: None, 4) is None, "a function that writes may return nothing"


def test_a_check_that_trips_over_a_kind_blames_no_exception_on_the_learner(lab, capsys):
    lab._exercises = {1: Exercise("Length", len, ("", ""), "")}
    lab.check(1, 5)
    assert lab.results[1].outcome == "not yet"
    assert "The check can't read your answer: it is 5." in capsys.readouterr().out
    lab._exercises = {1: Exercise("Length", lambda answer: answer(), ("", ""), "")}
    lab.check(1, lambda: len(5))
    assert lab.results[1].outcome == "raised", "the learner's own line had part in it"


def test_the_gate_of_idle_answers_sees_a_check_that_lets_one_pass():
    reference = "def half(n):\n    return n / 2\n\n\nPAIR = (1, 2)"
    made = list(nothing.answers(1, reference, "lab.check(1, (half, PAIR))"))
    wanted = {"None for the answer", "half() returns None", "half() returns its first argument", "half alone", "PAIR is None",
              "half() returns nothing of that kind", "the parts the other way round", "PAIR is empty"}
    assert wanted <= {idle.what for idle in made}
    given = {}
    for idle in made:
        exec(f"{idle.code}\ndef check(n, answer):\n    given['it'] = answer\n{idle.check.replace('lab.', '')}", {"given": given})
        if "returns" in idle.what:
            given[idle.what] = given["it"][0](4), given["it"][1]
    assert given["half() returns None"] == (None, (1, 2)) and given["half() returns nothing of that kind"] == (0, (1, 2))
    assert given["half() returns its first argument"] == (4, (1, 2)) and given["it"][1] == "an answer"
    writer = list(nothing.answers(1, "def put(n):\n    print(n)", "lab.check(1, put)"))
    assert {idle.what: idle.none for idle in writer}["put() returns None"] is False, "a function that writes may return None"
    refused = {"what": "it", "outcome": "not yet", "sentence": "yours is None.", "text": "", "error": None, "none": True,
               "says": ""}
    assert nothing.complaint(refused) == ""
    for fault in ({"outcome": "right"}, {"outcome": "raised"}, {"error": "NameError"}, {"sentence": "It is empty."},
                  {"sentence": "None"}, {"sentence": "The check can't read your answer: None."}, {"says": "empty"}):
        assert nothing.complaint({**refused, **fault}), fault


def two(a, b):
    return a + b


def one_by_one(n):
    yield n


@pytest.mark.parametrize("answer, said", [
    ("two", "yours is the text 'two'"), (dict, "yours is the class dict"), ([1], "yours is [1]"),
    (pd.DataFrame({"n": [1]}), "yours is a frame (1 rows, columns n)"), (two, "two(a, b) can't take the 1 argument that"),
    (functools.partial(two, 1, 2), "can't take the 1 argument that")])
def test_what_is_no_function_for_these_arguments_is_told_so_and_ends_the_seeds(answer, said):
    with pytest.raises(Unfit) as caught:
        seeds.over_seeds(20, lambda seed: calls.ask(answer, seed))
    assert said in caught.value.sentence and "seed" not in caught.value.sentence
    with pytest.raises(Unfit, match="has a yield, so a call runs nothing yet"):
        calls.do(one_by_one, 4)
    assert calls.ask(functools.partial(two, 1), 2) == 3 and calls.ask(max, 1, 2) == 2, "partial and builtins are functions"


def test_another_kind_is_told_about_the_kind():
    assert kinds.pair([1, 2], 4, "a", "b") == (1, 2)
    for value in (3, 3.0, np.int64(3), np.float32(3), np.array([3]), decimal.Decimal(3)):
        assert kinds.number(value, "It") == 3 and type(kinds.number(value, "It")) in (int, float)
    assert kinds.numbers(pd.Series([decimal.Decimal(1), None, 2]), "It").sum() == 3
    assert kinds.collection((1,), "It") == (1,)
    for refused, said in (
            (lambda: kinds.pair(two, 4, "a", "b"), "Give both: lab.check(4, (a, b)). You gave the function two."),
            (lambda: kinds.pair((1, 2, None), 2, "a", "b", "c"), "c is None"),
            (lambda: kinds.pair((), 2, "a", "b", "c"), "Give all 3: lab.check(2, (a, b, c)). You gave an empty tuple."),
            (lambda: kinds.number("180 minutes", "patience"), "patience should be a number, yours is the text '180 minutes'"),
            (lambda: kinds.number(True, "It"), "yours is True"), (lambda: kinds.number(None, "It"), "yours is None"),
            (lambda: kinds.number(float("nan"), "It"), "NaN"), (lambda: kinds.number(two, "It"), "the function two"),
            (lambda: kinds.number(one_by_one(1), "It"), "yours is a generator."),
            (lambda: kinds.number([100] * 99, "It"), "yours is a list of 99"),
            (lambda: kinds.number(np.array([1, 2]), "It"), "yours is array"),
            (lambda: kinds.numbers(pd.Series([1, "2"]), "n"), "n should be a number in each row, yours has the text '2'"),
            (lambda: kinds.numbers(pd.Series([pd.Timestamp(0)]), "n"), "yours has Timestamp"),
            (lambda: kinds.collection({}, "It"), "It should be a list, yours is an empty dict")):
        with pytest.raises(Unfit) as caught:
            refused()
        assert said in caught.value.sentence and caught.value.sentence.endswith("."), caught.value.sentence


def test_reset_makes_an_exercise_new(lab, capsys):
    lab.check(1, lambda n: n)
    lab.reset(1)
    lab.solution(1)
    assert "one real attempt" in capsys.readouterr().out


def test_the_learner_cannot_change_the_checks_input():
    rows = [{"a": 1}]

    def spoil(given):
        given[0]["a"] = 2
        given.append(3)
    calls.do(spoil, rows)
    assert rows == [{"a": 1}]


ROWS = [{"k": 1, "v": 1.5, "w": None}, {"k": 2, "v": 2.5, "w": "b"}]


@pytest.mark.parametrize("mine, said", [
    (ROWS[:1], "lacks the row of k 2"), (ROWS + [{"k": 3, "v": 0, "w": ""}], "should not be there .k 3"),
    (ROWS + ROWS[:1], "has 2 rows for k 1, not 1"), ([ROWS[0], {**ROWS[1], "w": "c"}], "row of k 2 is off in w"),
    ([{"k": 1, "v": 1}], "no column w"), (5, "should be a table, yours is 5"), ("rows", "yours is the text 'rows', and no Delta"),
    (pd.DataFrame([[1, 2, 3, 4]], columns=["k", "v", "w", "k"]), "two columns k"), (pd.DataFrame, "the class DataFrame")])
def test_same_rows_says_what_differs_and_never_the_answer(mine, said):
    with pytest.raises(Wrong, match=said) as caught:
        tables.same_rows(mine, ROWS, key="k", start=[{"k": 2, "v": 0}])
    shown = json.dumps(caught.value.show or [], default=str)
    assert '"b"' not in shown or said.startswith("has"), "the right value stays hidden"


def test_same_rows_takes_any_order_type_and_null():
    frame = pd.DataFrame({"w": ["b", None], "v": [2.5 + 1e-12, 1.5], "k": [2, 1], "more": [0, 0]})
    tables.same_rows(frame, ROWS, key=["k"])
    tables.same_rows(pa.Table.from_pandas(frame), ROWS, key=["k"])
    tables.same_rows(pd.concat([frame, frame[["more"]]], axis=1), ROWS, key="k")
    stamp = pd.Timestamp("2013-07-01T09:15", tz="UTC")
    assert tables.equal(stamp, stamp.tz_convert("America/New_York")) and not tables.equal(stamp, None)


def test_seeds_report_how_many_which_and_why():
    def trial(seed):
        if seed in (4, 9):
            raise Wrong("a pane was lost.", "pane")
    with pytest.raises(Wrong, match="failed on 2 of 20 seeds, first on seed 4: a pane was lost"):
        seeds.over_seeds(20, trial)
    with pytest.raises(Raised) as caught:
        seeds.over_seeds(20, lambda seed: calls.ask(lambda n: 1 / (n - 3), seed))
    assert caught.value.given == "seed 3: 3"
    with pytest.raises(Wrong, match="1 of 20 seeds; the budget is 0 s"):
        seeds.over_seeds(20, lambda seed: None, budget=0)


def test_judge_answers_a_known_mistake_with_its_sentence():
    for value, said in ((3, "You counted copies."), (4, "No.")):
        with pytest.raises(Wrong, match=said):
            tables.judge(value, 2, [(lambda: 3, "You counted copies.")], "No.")
    tables.judge({"a": 1.0}, {"a": 1})
    tables.judge({None: 1, "a": np.int64(2), 3: [1]}, {3: (1,), "a": 2.0, None: 1})
    for value in (pd.DataFrame({"a": [1]}), pd.Series([1]), two, "2", {"a": {1: 2}, 1: 3}):
        with pytest.raises(Wrong, match="No."):
            tables.judge(value, {"a": 1}, [({}, "Empty.")], "No.")


REAL = [
    """from patternlab import spark_session, kafka, workspace
from patternlab.checking import checkpoints, delta, outcomes, tables, topics
from pathlib import Path
spark, folder = spark_session("matchers"), workspace("matchers")
table = str(folder / "t")
rows = spark.sql("select id, date'2013-07-01' + cast(id % 3 as int) day, timestamp'2013-07-01 09:15:00' at, "
                 "cast(id as decimal(9,2)) price, if(id % 5 = 0, null, concat('a b', id)) tag from range(40)")
rows.write.format("delta").partitionBy("day").save(table)
rows.where("id < 3").withColumn("id", rows.id + 100).write.format("delta").mode("append").save(table)""",
    """from delta.tables import DeltaTable
DeltaTable.forPath(spark, table).alias("t").merge(rows.where("id = 7").alias("s"), "t.id = s.id").whenMatchedUpdate(
    set={"tag": "'new'"}).execute()
DeltaTable.forPath(spark, table).delete("id = 8")
for version in (None, 0, 1, 2, 3):
    reader = spark.read.format("delta")
    frame = (reader if version is None else reader.option("versionAsOf", version)).load(table)
    assert len(tables.same_rows(delta.delta_rows(table, version), frame, key="id")) == frame.count()
print([h["operation"] for h in delta.delta_history(table)], delta.delta_history(table)[1]["metrics"]["numTargetRowsUpdated"])
delta.last_operation(table, "DELETE", numDeletedRows=1)
far = tables.rows(spark.sql("select 1 as id, timestamp'9999-12-31 00:00:00' as ends, null as more"), ["ends", "id"])
print([tables.plain(value) for value in far.loc[0]])
try:
    tables.rows(rows.tag)
except outcomes.Unfit as unfit:
    print(unfit, tables.equal(rows.tag, "tag"))""",
    """import json
from kafka import KafkaProducer
broker = kafka()
topic = broker.topic("matchers-99", partitions=2)
producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
for n in range(7):
    producer.send(topic, key=b"k%d" % n, value=None if n == 3 else b'{"n": %d}' % n, partition=n % 2)
producer.flush()
found = topics.topic_contents(topic, broker.bootstrap)
print(len(found), found.value.isna().sum(), topics.topic_offsets(topic, broker.bootstrap))
try:
    topics.topic_contents("nobody", broker.bootstrap)
except outcomes.Wrong as wrong:
    print(wrong)""",
    """stream = spark.readStream.format("delta").load(table).writeStream.format("delta").trigger(availableNow=True)
stream.option("checkpointLocation", str(folder / "cp")).start(str(folder / "u")).awaitTermination()
seen = checkpoints.checkpoint(folder / "cp")
print(seen["planned"] == seen["committed"], seen["offsets"]["reservoirVersion"])"""]


def test_matchers_agree_with_spark_delta_and_kafka():
    """The readers of logs, topics and checkpoints use no Spark; here Spark, Delta and Kafka made what they read."""
    client = runs.open_kernel(nbformat.v4.new_notebook())
    try:
        said = [runs.run_code(client, code) for code in REAL]
    finally:
        runs.close(client)
    assert [error for _, error in said] == [None] * 4, said
    assert said[1][0].splitlines()[0] == "['DELETE', 'MERGE', 'WRITE', 'WRITE'] 1"
    assert said[1][0].splitlines()[1] == "[datetime.datetime(9999, 12, 31, 0, 0), 1]", "a moment beyond pandas' bounds"
    assert "yours is the column Column<'tag'>" in said[1][0] and said[1][0].endswith(" False\n"), said[1]
    assert said[2][0].splitlines()[0] == "7 1 {0: (0, 4), 1: (0, 3)}"
    assert "There is no topic nobody" in said[2][0]
    assert said[3][0].split()[0] == "True"
