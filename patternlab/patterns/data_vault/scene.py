"""The world around pattern 05: two sources and what they say, an empty schema, loads at once, what they inserted, any order."""
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random

from ... import session
from ...checking.delta import delta_history
from ...flights import SLICES, days, rows
from ..flights.truth import flights
from .truth import schedule_statements

YEAR = SLICES["year"]
SHORTEST = 28                            # days: a schedule has a history only over some weeks
PAD = 8                                  # the register writes a tail number into a field of this width
SCHEDULE = "day DATE, carrier STRING, flight STRING, origin STRING, tailnum STRING, dest STRING, departs STRING"
REGISTER = "day DATE, tail_number STRING, operator STRING, manufacturer STRING, seats STRING"
_open = {}


def history(slice) -> tuple:
    """First and last day of what is loaded: the slice or, if shorter, the four weeks that end with its last day.

    Before 28 January they are the first four weeks of the year.
    """
    first, last = days(slice)
    first = min(first, max(YEAR[0], last - timedelta(SHORTEST - 1)))
    return first, max(last, first + timedelta(SHORTEST - 1))


def last_week(span):
    """The day on which the last week of a span begins: the second load."""
    return span[1] - timedelta(6)


def schedules(span) -> list[dict]:
    """What the schedules say each day about each flight of that day: fields as in SCHEDULE, days as texts."""
    table = schedule_statements(span)
    return table.assign(day=table.day.astype(str)).to_dict("records")


def register(span) -> list[dict]:
    """What the register of aircraft says: all of them on the first day, and again when the last week begins.

    Fields as in REGISTER. The operator is the carrier that flew the aircraft last before that day or first after it, as
    the published flights have it. Made up is the padding of the tail number, as in a file of fixed width.
    """
    planes, flown = rows("planes").sort_values("tailnum"), flights(YEAR).dropna(subset=["tailnum"])
    flown = flown.sort_values(["slot", "carrier"]).assign(on=flown.month * 100 + flown.day)
    said = []
    for day in (span[0], last_week(span)):
        before = flown[flown.on < day.month * 100 + day.day].groupby("tailnum").carrier.last()
        operators = flown.groupby("tailnum").carrier.first()
        operators.update(before)
        for tail, made_by, seats in zip(planes.tailnum, planes.manufacturer, planes.seats):
            said.append({"day": str(day), "tail_number": tail.ljust(PAD), "operator": operators[tail],
                         "manufacturer": made_by, "seats": str(seats)})
    return said


def open_schema(spark, lake) -> str:
    """An empty schema `vault` whose tables live in the folder `lake`; says so."""
    spark.catalog.clearCache()               # of an earlier run: a new table in the old place looks the same
    _open["lake"] = Path(lake)
    return session.open_schema(spark, "vault", lake)


def inserted(table: str, since: int = -1) -> int:
    """Rows that the writes after version `since` added to a table of the vault, as the table's own log says it."""
    commits = [commit for commit in delta_history(_open["lake"] / table) if commit["version"] > since]
    return sum(commit["metrics"].get("numOutputRows", 0) for commit in commits)


def at_once(load, *steps) -> dict:
    """Call `load(stage, table)` for all steps, pairs of them with a table each, at the same time: {step: rows inserted}."""
    newest = {table: delta_history(_open["lake"] / table)[0]["version"] for _, table in steps}    # no row may mean no commit
    with ThreadPoolExecutor() as pool:
        list(pool.map(load, *zip(*steps)))                          # the list raises what a thread raised
    return {(stage, table): inserted(table, newest[table]) for stage, table in steps}


def any_order(steps, seed: int) -> list:
    """The steps, pairs (load, table), in a random order; but each satellite's own loads keep theirs."""
    mixed = Random(seed).sample(list(steps), len(steps))
    waiting = {table: [step for step in steps if step[1] == table] for _, table in steps if table.startswith("sat_")}
    return [waiting[step[1]].pop(0) if step[1] in waiting else step for step in mixed]


def identities(vault) -> list:
    """What a vault (a Spark frame by table) holds, whoever said it first: sorted (table, key, load_day, hashdiff).

    Of a hub or a link that is its keys; a version of a satellite has its day and its fingerprint too. Nothing is made
    unique: a key that is there twice is there twice.
    """
    def of(table):
        frame = vault[table]
        said = ["string(load_day)", "hashdiff"] if table.startswith("sat_") else ["'' AS load_day", "'' AS hashdiff"]
        return frame.selectExpr(f"'{table}' AS table", f"{frame.columns[0]} AS key", *said).toPandas()

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(of, vault))
    return sorted(row for part in found for row in part.itertuples(index=False, name=None))
