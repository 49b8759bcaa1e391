"""Lab 16, exercise 4: six questions of a dashboard, on twenty days, in DuckDB: what they read, and what is right."""
import re

import duckdb

from ...checking.outcomes import Raised, Unfit, Wrong
from ...checking.tables import equal

VIEWS, BYTES, READ = 3, 5_000, 80      # at most so many views, bytes in all (8 a value), rows that a question reads
HIDDEN = "flights_of_the_day"          # the flights' name while the questions are asked
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
        (f"select origin, count(*) {LEFT} group by 1", "counts departures. Different aircraft are asked for")]),
    "departures per carrier and origin": (2, f"select carrier, origin, count(*) {LEFT} group by 1, 2", [
        ("select carrier, origin, count(*) from flights group by 1, 2",
         "counts cancelled flights. A departure has a delay")])}


def connected():
    """A connection of DuckDB that reaches no file."""
    return duckdb.connect(config={"enable_external_access": False, "threads": 1})


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
            ([-12, -5, -1, 0, 15, 16, 20, 45, 90, 200])[1 + {draw(6, 10)}] as delay, {draw(7, 10)} as chance
            from range({count}) t(i))
        select hour, origin, carrier, tailnum, case
            when chance = 0 or {seed} % 2 = 1 and carrier in ('HA', 'OO') then null
            when carrier = 'AS' then -9 + delay % 5 else delay end as delay from drawn""")


def made(base, views: dict) -> dict:
    """The views as tables: {name: rows}. Wrong where all of them hold too many bytes."""
    sizes, held = {}, {}
    for name, query in views.items():
        try:
            base.execute(f'create table "{name}" as {query.strip().rstrip(";")}')
        except duckdb.Error as error:
            raise Raised(error, f"your view {name}") from error
        sizes[name] = base.execute(f'select count(*) from "{name}"').fetchone()[0]
        held[name] = 8 * sizes[name] * len(base.execute(f'select * from "{name}" limit 0').description)
    if sum(held.values()) > BYTES:
        largest = max(held, key=held.get)
        show = [{"view": name, "rows": sizes[name], "bytes": held[name]} for name in views]
        raise Wrong(f"Your views hold {sum(held.values()):,} bytes, and {BYTES:,} are allowed. The largest one is "
                    f"{largest}, with {sizes[largest]:,} rows.", show)
    return sizes


def trial(base, views: dict, answers: dict, seed: int) -> None:
    """One day: the views are made, the flights go, the questions are asked of the views. Wrong says what is off."""
    open_day(base, seed)
    right = {question: base.execute(query).fetchall() for question, (_, query, _) in QUESTIONS.items()}
    sizes = made(base, views)
    base.execute(f"alter table flights rename to {HIDDEN}")
    for question in QUESTIONS:
        _ask(base, question, answers[question], sizes, right[question])


def _ask(base, question, query, sizes, right):
    keys, _, mistakes = QUESTIONS[question]
    try:
        named = {name.lower() for name in base.get_table_names(query)}
    except duckdb.Error as error:
        raise Raised(error, f"your query for \"{question}\"") from error
    if named & {"flights", HIDDEN}:
        raise Wrong(f"\"{question}\" reads flights. The dashboard has the views only.")
    reads = {name: size for name, size in sizes.items() if name.lower() in named}
    if sum(reads.values()) > READ:
        raise Wrong(f"\"{question}\" reads {sum(reads.values()):,} rows, and {READ} are allowed.",
                    [{"view": name, "rows": size} for name, size in reads.items()])
    try:
        mine = base.execute(query).fetchall()
    except duckdb.Error as error:
        raise Raised(error, f"your query for \"{question}\"") from error
    if mine and len(mine[0]) != keys + 1:
        raise Wrong(f"\"{question}\" should give {keys + 1} columns, and yours gives {len(mine[0])}.")
    if _same(mine, right):
        return
    base.execute(f"alter table {HIDDEN} rename to flights")
    for wrong, told in mistakes:
        if _same(mine, base.execute(wrong).fetchall()):
            raise Wrong(f"\"{question}\" {told}.", [_shown(mine)])
    if len(mine) != len(right):
        raise Wrong(f"\"{question}\" has {len(mine)} rows, and there are {len(right)} groups with a departure.",
                    [_shown(mine)])
    off = next(row for row in sorted(mine, key=repr) if not any(_same([row], [other]) for other in right))
    raise Wrong(f"\"{question}\" has a row that is off.", [_shown([off])])


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
        if not re.fullmatch(r"[A-Za-z_]\w*", name) or name.lower() in ("flights", HIDDEN):
            raise Wrong(f"{name!r} can't name a view. Take letters, digits and _, and another name than flights.")
    return views, answers
