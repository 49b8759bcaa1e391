"""Lab 16, exercise 4: six questions of a dashboard, on twenty days, in DuckDB: what they read, and what is right."""
import json
import math
import re
import threading
from decimal import Decimal
from itertools import permutations

import duckdb

from ...checking.outcomes import Ended, Raised, Unfit, Wrong
from ...checking.tables import equal

VIEWS, BYTES, READ = 3, 5_000, 80      # at most so many views, bytes in all, rows that a question reads
SECONDS = 5                            # of one query
CARRIERS = "AA B6 DL EV F9 FL HA MQ OO UA US VX WN YV 9E AS"
LEFT = "from flights where delay is not null"
QUESTIONS = {  # question: (columns of its key, the right query, [(a wrong query, what its answer is told)])
    "departures per hour": (1, f"select hour, count(*) {LEFT} group by 1", [
        ("select hour, count(*) from flights group by 1", "counts cancelled flights. A departure has a delay"),
        ("select hour, count(delay) from flights group by 1",
         "has rows with 0. An hour without a departure has no row")]),
    "mean delay per origin": (1, f"select origin, avg(delay) {LEFT} group by 1", [
        (f"select origin, avg(mean) from (select hour, origin, avg(delay) as mean {LEFT} group by 1, 2) group by 1",
         "is a mean of the hours' means. An hour with two flights weighs there as much as one with forty"),
        (f"select origin, avg(mean) from (select carrier, origin, avg(delay) as mean {LEFT} group by 1, 2) group by 1",
         "is a mean of the carriers' means. A carrier with two flights weighs there as much as one with forty"),
        ("select origin, sum(delay) / count(*) from flights group by 1",
         "divides by all flights. Those that were cancelled have no delay")]),
    "share of late per hour and origin": (2, f"select hour, origin, avg((delay > 15)::int) {LEFT} group by 1, 2", [
        (f"select hour, origin, avg((delay >= 15)::int) {LEFT} group by 1, 2",
         "counts 15 minutes as late. Late is more than 15"),
        (f"select hour, origin, avg((delay > 0)::int) {LEFT} group by 1, 2",
         "counts all that left after their time. Late is more than 15 minutes"),
        (f"select hour, origin, avg((abs(delay) > 15)::int) {LEFT} group by 1, 2",
         "counts flights that left long before time as late"),
        (f"select hour, origin, sum((delay > 15)::int) {LEFT} group by 1, 2",
         "is a number of flights. A share is between 0 and 1"),
        (f"select hour, origin, 100 * avg((delay > 15)::int) {LEFT} group by 1, 2",
         "is in percent. A share is between 0 and 1"),
        ("select hour, origin, sum((coalesce(delay, 0) > 15)::int) / count(*) from flights group by 1, 2",
         "divides by all flights. The share is one of departures")]),
    "largest delay per carrier": (1, f"select carrier, max(delay) {LEFT} group by 1", [
        (f"select carrier, greatest(0, max(delay)) {LEFT} group by 1",
         "begins at 0. A carrier may have left before time always"),
        ("select carrier, max(delay) from flights group by 1",
         "has carriers of which nothing left. They have no row")]),
    "aircraft per origin": (1, f"select origin, count(distinct tailnum) {LEFT} group by 1", [
        (f"select origin, sum(n) from (select hour, origin, count(distinct tailnum) n {LEFT} group by 1, 2) group by 1",
         "is a sum of distinct numbers. An aircraft that flew in two hours is in there twice"),
        (f"select origin, sum(n) from (select carrier, origin, count(distinct tailnum) n {LEFT} group by 1, 2) group by 1",
         "adds up the carriers' aircraft. One that flew for two of them is in there twice"),
        ("select origin, count(distinct tailnum) from flights group by 1", "has aircraft that never left"),
        (f"select origin, count(distinct coalesce(tailnum, '')) {LEFT} group by 1",
         "counts no tail number as one more aircraft"),
        (f"select origin, count(tailnum) {LEFT} group by 1", "counts departures. Different aircraft are asked for"),
        (f"select origin, count(*) {LEFT} group by 1", "counts departures. Different aircraft are asked for")]),
    "departures per carrier and origin": (2, f"select carrier, origin, count(*) {LEFT} group by 1, 2", [
        ("select carrier, origin, count(*) from flights group by 1, 2",
         "counts cancelled flights. A departure has a delay")])}


def connected():
    """A connection of DuckDB that reaches no file; its plans show all that a query names."""
    base = duckdb.connect(config={"enable_external_access": False, "threads": 1, "memory_limit": "512MB"})
    base.execute("pragma disable_optimizer")
    return base


def _ran(base, query: str, what: str) -> list:
    """The rows of a learner's query; Raised with its error, Ended where it takes too long."""
    timer = threading.Timer(SECONDS, base.interrupt)
    timer.start()
    try:
        return base.execute(query).fetchall()
    except duckdb.InterruptException:
        raise Ended(f"Your {what} did not end in {SECONDS} s.", query) from None
    except duckdb.Error as error:
        raise Raised(error, f"your {what}") from error
    finally:
        timer.cancel()


def open_day(base, seed: int) -> None:
    """A schema of its own with the flights of a day, in which names are meant from now on; the third day has none.

    Carrier AS leaves before time always, HA and OO leave not at all on odd days, and a tail number may be null.
    """
    base.execute(f"create or replace schema day_{seed}")
    base.execute(f"use day_{seed}")
    draw = ("(hash(i * 97 + {} * 7919 + " + str(seed * 104_729) + ") % {})::int").format
    count = 0 if seed == 3 else (300, 900, 30)[seed % 3]
    base.execute(f"""create table flights as
        with drawn as (select {draw(1, 24)} as hour, ('EWR JFK LGA LGA'.split(' '))[1 + {draw(2, 4)}] as origin,
            ('{CARRIERS}'.split(' '))[1 + {draw(3, 16)}] as carrier,
            case when {draw(4, 50)} > 0 then 'N' || {draw(5, 120)} end as tailnum,
            ([-18, -5, -1, 0, 7, 15, 16, 45, 90, 200])[1 + {draw(6, 10)}] as delay, {draw(7, 10)} as chance
            from range({count}) t(i))
        select hour, origin, carrier, tailnum, case
            when chance = 0 or {seed} % 2 = 1 and carrier in ('HA', 'OO') then null
            when carrier = 'AS' then -9 + delay % 5 else delay end as delay from drawn""")


def made(base, views: dict) -> dict:
    """The views as tables: {name: rows}. Wrong where all of them hold too many bytes."""
    sizes, held = {}, {}
    for name, query in views.items():
        _ran(base, f'create table "{name}" as {query.strip().rstrip(";")}', f"view {name}")
        sizes[name], held[name] = _size(base, name)
    if sum(held.values()) > BYTES:
        largest = max(held, key=held.get)
        show = [{"view": name, "rows": sizes[name], "bytes": held[name]} for name in views]
        raise Wrong(f"Your views hold {sum(held.values()):,} bytes, and {BYTES:,} are allowed. The largest one is "
                    f"{largest}, with {sizes[largest]:,} rows.", show)
    return sizes


def _size(base, name: str) -> tuple:
    """Rows and bytes of a table: 8 a value, the length of a text or a list where that is more."""
    rows, held = base.execute(f'select count(*) from "{name}"').fetchone()[0], 0
    for column, kind, *_ in base.execute(f'describe "{name}"').fetchall():
        if re.search(r"VARCHAR|BLOB|BIT|\[|\(", kind) and not kind.startswith("DECIMAL"):
            longer = f'select sum(greatest(8, len("{column}"::varchar)))::bigint from "{name}"'
            held += base.execute(longer).fetchone()[0] or 0
        else:
            held += 8 * rows
    return rows, held


def trial(base, views: dict, answers: dict, seed: int) -> None:
    """One day: the views are made, and the questions are asked of them. Wrong says what is off."""
    open_day(base, seed)
    sizes = made(base, views)
    for question, (_, query, _) in QUESTIONS.items():
        _ask(base, question, answers[question], sizes, base.execute(query).fetchall())


def _ask(base, question, query, sizes, right):
    keys, _, mistakes = QUESTIONS[question]
    what = f"query for \"{question}\""
    mine, named = _answered(base, query, what)
    if "flights" in named:
        raise Wrong(f"\"{question}\" reads flights. The dashboard has the views only.")
    reads = {name: size for name, size in sizes.items() if name.lower() in named}
    if sum(reads.values()) > READ:
        raise Wrong(f"\"{question}\" reads {sum(reads.values()):,} rows, and {READ} are allowed.",
                    [{"view": name, "rows": size} for name, size in reads.items()])
    if mine and len(mine[0]) != keys + 1:
        raise Wrong(f"\"{question}\" should give {keys + 1} columns, and yours gives {len(mine[0])}.")
    if _same(mine, right):
        return
    for wrong, told in mistakes:
        if _same(mine, base.execute(wrong).fetchall()):
            raise Wrong(f"\"{question}\" {told}.", [_shown(mine)])
    if any(_same([[row[at] for at in order] for row in mine], right) for order in permutations(range(keys + 1))):
        raise Wrong(f"\"{question}\" has its columns in another order than the table above.", [_shown(mine)])
    if len(mine) != len(right):
        raise Wrong(f"\"{question}\" has {len(mine)} rows, and there are {len(right)} groups with a departure.",
                    [_shown(mine)])
    off = next(row for row in sorted(mine, key=repr) if not any(_same([row], [other]) for other in right))
    if _rounded(mine, right):
        raise Wrong(f"\"{question}\" is rounded, or was divided as whole numbers (//).", [_shown([off])])
    raise Wrong(f"\"{question}\" has a row that is off.", [_shown([off])])


def _answered(base, query: str, what: str) -> tuple:
    """The rows of a query, and the tables that it reads by its plan: names of CTEs, aliases and columns are none."""
    try:
        kinds = [statement.type.name for statement in base.extract_statements(query)]
    except duckdb.Error as error:
        raise Raised(error, f"your {what}") from error
    if kinds != ["SELECT"]:
        raise Unfit(f"Your {what} should be one SELECT.")
    found, named = _ran(base, query, what), set()
    plans = [json.loads(base.execute("explain (format json) " + query).fetchone()[1])]
    while plans:
        plan = plans.pop()
        if isinstance(plan, dict):
            named.add(str(plan.get("extra_info", {}).get("Table")).split(".")[-1].strip('"').lower())
            plan = plan.get("children", [])
        plans += plan
    return found, named


def _rounded(mine: list, right: list) -> bool:
    """Whether the last column has too few decimals, and all else is right."""
    one, other = _sorted(mine), _sorted(right)
    if not equal([row[:-1] for row in one], [row[:-1] for row in other]):
        return False
    pairs = [(mine[-1], right[-1]) for mine, right in zip(one, other)]
    if not all(isinstance(few, (int, float, Decimal)) for few, _ in pairs):
        return False
    pairs = [(float(few), many) for few, many in pairs]
    whole = all(equal(few, math.floor(many)) or equal(few, math.trunc(many)) for few, many in pairs)
    return whole or any(all(equal(few, round(few, places)) and abs(few - many) <= 0.501 / 10**places for few, many in pairs)
                        for places in range(5))


def _same(mine: list, right: list) -> bool:
    return len(mine) == len(right) and all(equal(one, other) for one, other in zip(_sorted(mine), _sorted(right)))


def _sorted(rows: list) -> list:
    return sorted(rows, key=lambda row: tuple(map(repr, row[:-1])))


def _shown(rows: list) -> dict:
    return {f"column {at}": value for at, value in enumerate(rows[0] if rows else ["(no row)"], 1)}


def kinds(views, answers) -> tuple:
    """Both as dicts of texts, each question answered; Unfit or Wrong says what is missing."""
    from ...checking.calls import kind
    for value, name in ((views, "VIEWS"), (answers, "ANSWERS")):
        if not isinstance(value, dict):
            raise Unfit(f"{name} should be a dict of names and queries, yours is {kind(value)}.")
        for key, query in value.items():
            if not isinstance(key, str) or not isinstance(query, str):
                raise Unfit(f"{name} should hold names and queries, texts both, yours has {kind(query)} under {key!r}.")
    if not views:
        raise Unfit("VIEWS is empty: without a view the dashboard has nothing to read.")
    if missing := [question for question in QUESTIONS if question not in answers]:
        raise Wrong(f"ANSWERS has nothing for \"{missing[0]}\".")
    if len(views) > VIEWS:
        raise Wrong(f"You have {len(views)} views, and {VIEWS} are allowed.")
    for name in views:
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or name.lower() == "flights":
            raise Wrong(f"{name!r} can't name a view. Take letters, digits and _, and another name than flights.")
    return views, answers
