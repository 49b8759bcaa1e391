"""What is special in lesson 17: its table is measured and plausible, ends are equal, and the breaks tell who is who."""
import re

import pytest
import runs

from patternlab.truth import truth

SLUG = "17-choosing"
MIDNIGHT, HOURLY, BATCH, CHANGE = ["ETL", "star"], ["ELT", "medallion"], ["windows", "Lambda", "Kappa"], ["CDC", "roll-up"]

pytestmark = pytest.mark.parametrize("slice", runs.SLICES)


@pytest.fixture
def notebook(slice):
    return runs.executed(SLUG, slice)


@pytest.fixture
def table(notebook):
    """{architecture: {column: value}} of the table that the lesson shows."""
    return runs.value(notebook, "contest.table(BREAKS).to_dict('index')")


def column(table, name, rows):
    return [table[row][name] for row in rows]


def test_all_nine_are_there_and_right_in_the_end(table):
    assert list(table) == [*MIDNIGHT, *HOURLY, *BATCH, *CHANGE]
    assert not any(row["wrong in the end"] or row["lost"] for row in table.values())


def test_ages_follow_the_timetable(notebook, table):
    midnight, hourly = (column(table, "age at now, s", rows) for rows in (MIDNIGHT, HOURLY))
    current = column(table, "age at now, s", ["Lambda", "Kappa", *CHANGE])
    assert len(set(midnight)) == len(set(hourly)) == 1, "one timetable, one age"
    assert midnight[0] >= hourly[0] > max(current) > min(current) > 0
    assert hourly[0] <= 3600 and midnight[0] <= 25 * 3600
    assert runs.value(notebook, "at['midnight'] <= at['hour'] <= at['soon'] <= at['now'] < at['end']")


def test_what_lacks_now_is_what_came_after_the_last_run(notebook, table):
    at = runs.value(notebook, "at")
    assert column(table, "wrong now", MIDNIGHT) == [at["now"] - at["midnight"]] * 2
    assert column(table, "wrong now", HOURLY) == [at["now"] - at["hour"]] * 2
    assert column(table, "wrong now", ["Lambda", "Kappa", *CHANGE]) == [0] * 4
    assert table["windows"]["wrong now"] > 0, "hours that are still open"


def test_copies_count_twice_where_nobody_looks_at_the_key(notebook, table):
    copies = runs.value(notebook, "len(copies)")
    assert copies > 0 and {name for name, row in table.items() if row["doubled"]} == {"star", "Lambda", "Kappa"}
    assert {row["doubled"] for row in table.values()} == {0, copies}


def test_without_patience_late_departures_are_lost_and_the_mean_falls(notebook):
    short, right = runs.value(notebook, "choosing.totals({'short': short, 'truth': known}).values.tolist()")
    assert short[1] < right[1] and short[2] < right[2]


def test_the_rule_changes_every_answer(notebook):
    grown = "bool(new_rule.mean_delay.mean() > right.mean_delay.mean())"
    assert runs.value(notebook, f"[{grown}, RULE]") == [True, "greatest(dep_delay, 0)"]


def test_what_is_kept_and_what_it_costs_is_measured(notebook, table):
    topic = runs.value(notebook, "choosing.scene.topic_bytes(bus)[contest.topic]") / 1000
    assert all(row["kB"] > 0 and row["rebuild, s"] > 0 for row in table.values())
    for name in (*MIDNIGHT, *BATCH, "roll-up"):
        assert table[name]["kB"] > topic / 2, f"{name} needs the log"


def test_lines_are_those_of_the_cells(notebook, table):
    code = "\n".join(cell.source for cell in notebook.nb.cells if cell.cell_type == "code")

    def lines(name):
        body = code[code.index(f"def {name}("):].splitlines()
        end = next(at for at, line in enumerate(body[1:], 1) if line and not line.startswith(" "))
        return sum(bool(line.strip()) for line in body[:end])
    def sql(name):
        return sum(bool(line.strip()) for line in re.search(f'^{name} = """(.*?)"""', code, re.S | re.M)[1].splitlines())

    functions = {"ETL": ["etl"], "star": ["star"], "ELT": ["elt"], "medallion": ["medallion"], "windows": ["counted", "windows"],
                 "Lambda": ["batch_layer", "lambda_"], "Kappa": ["kappa"], "CDC": ["upsert", "cdc"], "roll-up": ["rollup"]}
    texts = {"ELT": ["NEWEST"], "Lambda": ["SERVE"], "Kappa": ["BOARD"], "roll-up": ["TABLES", "PUT"]}
    for name, parts in functions.items():
        assert table[name]["lines"] == sum(map(lines, parts)) + sum(map(sql, texts.get(name, []))), name


@pytest.mark.parametrize("call, says", [
    ("contest.enter('ETL', etl)", "run the cells from look-log on"),
    ("contest.rebuild()", "The copies are on the topic already"),
    ("contest.again(copies[1:])", "Other copies are on the topic already")])
def test_what_is_past_is_not_done_again_and_says_so(notebook, call, says):
    before = runs.value(notebook, "[contest.sent, contest.stage, list(contest.entries)]")
    printed, error = runs.run_code(notebook, call)
    assert error is not None and says in str(error), (printed, error)
    assert runs.value(notebook, "[contest.sent, contest.stage, list(contest.entries)]") == before


def test_a_cell_that_is_run_again_in_the_end_shows_what_was_seen(notebook):
    printed, error = runs.run_code(notebook, "contest.until('hour')\nprint(contest.finish().equals(in_the_end))\n"
                                   "print(contest.now().equals(asked_now))")
    assert error is None and "not played backwards" in printed and printed.count("True") == 2, (printed, error)
    assert runs.value(notebook, "[contest.stage, contest.sent == len(log) + len(copies)]") == ["end", True]


def test_the_sum_is_what_departed(notebook, slice):
    departed = truth("conservation", runs.resolved(SLUG, slice) or "day")["departed"]
    sums = runs.value(notebook, "[int(contest.answer(name, 'end').departures.sum()) for name in contest.entries]")
    assert sums == [departed] * 9
