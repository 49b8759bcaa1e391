"""The world around pattern 04: what airlines report, where the tables live, a star ready made, what a query reads."""
import re
from urllib.parse import unquote

import numpy as np
import pandas as pd

from ... import session
from ...flights import SLICES, dataset, rows, timed
from ..flights.truth import flights
from .truth import aircraft_versions

YEAR = SLICES["year"]                    # the history of the fleet is the year's, whatever slice of flights is looked at
FILES = {"airlines": "carrier STRING, name STRING", "airports": "faa STRING, name STRING",
         "planes": "tailnum STRING, year INT, manufacturer STRING"}
REPORT = """key STRING, year INT, scheduled_date DATE, scheduled TIMESTAMP, departed_date DATE, departed TIMESTAMP,
    carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING, distance INT, dep_delay INT, arr_delay INT"""


def open_schema(spark, lake) -> str:
    """An empty schema `star` whose tables live in the folder `lake`, and the published files without days as views; says so."""
    session.open_schema(spark, "star", lake)
    for table, columns in FILES.items():                  # a schema that is given need not be looked for in the file
        spark.read.schema(columns).parquet(dataset(table)).createOrReplaceTempView(table)
    return "The schema star is empty. The files airlines, airports and planes can be asked by these names."


def reports(slice) -> list[dict]:
    """What the airlines' operational systems say, one dict with everything about a flight; fields as in REPORT.

    Times are UTC and dates those of New York, as texts; None where a flight did not leave or has no tail number.
    """
    table = timed(slice)
    for name in ("scheduled", "departed"):
        table[f"{name}_date"] = _texts(table[name], "America/New_York", "D")
        table[name] = _texts(table[name], "UTC", "s")
    for name in ("dep_delay", "arr_delay"):
        table[name] = table[name].astype("Int64")
    told = table[[field.split()[0] for field in REPORT.split(",")]].astype(object)
    return told.where(told.notna(), None).to_dict("records")


def registry():
    """The register of aircraft, read month by month of the year: a pandas frame tailnum, operator, seen (first in that month)."""
    flown = flights(YEAR).dropna(subset=["tailnum"])
    seen = flown.groupby(["month", "tailnum", "carrier"], as_index=False).slot.min()
    return seen.rename(columns={"carrier": "operator", "slot": "seen"})[["tailnum", "operator", "seen"]]


def _texts(moments, zone, unit):
    """Moments as ISO texts in a time zone; None where there is none."""
    clock = moments.dt.tz_convert(zone).dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    texts = np.char.add(np.datetime_as_string(clock, unit=unit), "Z" if unit == "s" else "")
    return pd.Series(texts, dtype=object).where(moments.notna().to_numpy(), None)


ROLES = {"scheduled_date": "date", "departed_date": "date", "origin_airport": "airport", "dest_airport": "airport",
         "carrier": "carrier", "aircraft": "aircraft"}
NOTHING_LOST = dict.fromkeys(ROLES, 0)


def unresolved(spark, facts) -> dict:
    """{role: facts (a pandas frame of them) whose key in this role leads to no row of its dimension}."""
    keys = {own: set(spark.table(f"dim_{own}").select(f"{own}_key").toPandas()[f"{own}_key"]) for own in set(ROLES.values())}
    return {role: int((~facts[f"{role}_key"].isin(keys[own])).sum()) for role, own in ROLES.items()}


# --- for the deeper notebook ------------------------------------------------------------------------------------------
_DEPARTURES = """SELECT *, make_date(year, month, day) AS scheduled_date,
    timestampadd(MINUTE, minute, time_hour) AS scheduled,
    date(make_timestamp(year, month, day, hour, minute, 0) + make_interval(0, 0, 0, 0, 0, dep_delay)) AS departed_date,
    dep_time IS NULL AS cancelled, dep_time IS NOT NULL AND arr_delay IS NULL AS diverted,
    sched_arr_time < sched_dep_time AS overnight FROM published"""
_READY = {
    "dim_date": """SELECT int(date_format(date, 'yyyyMMdd')) AS date_key, date, date_format(date, 'EEEE') AS weekday,
        date_format(date, 'yyyy-MM') AS month
        FROM (SELECT explode(sequence(min(scheduled_date), date_add(max(scheduled_date), 1))) AS date FROM departures)
        UNION ALL SELECT -2, NULL, 'did not happen', 'did not happen'""",
    "dim_carrier": """SELECT row_number() OVER (ORDER BY carrier) AS carrier_key, carrier, name AS carrier_name FROM airlines
        UNION ALL SELECT -1, '?', 'unknown'""",
    "dim_airport": """SELECT row_number() OVER (ORDER BY faa) AS airport_key, faa, coalesce(name, 'not in the file yet') AS name
        FROM (SELECT origin AS faa FROM departures UNION SELECT dest FROM departures UNION SELECT faa FROM airports)
        LEFT JOIN airports USING (faa)""",
    "fact_departure": """SELECT s.date_key AS scheduled_date_key, coalesce(l.date_key, -2) AS departed_date_key,
        o.airport_key AS origin_airport_key, d.airport_key AS dest_airport_key, coalesce(carrier_key, -1) AS carrier_key,
        coalesce(aircraft_key, -1) AS aircraft_key, flight AS flight_number, scheduled, 1 AS flights,
        int(NOT cancelled) AS departed, int(coalesce(dep_delay > 15, false)) AS late, dep_delay, arr_delay, distance,
        cancelled, diverted, overnight FROM departures AS r JOIN dim_date AS s ON s.date = scheduled_date
        LEFT JOIN dim_date AS l ON l.date = departed_date JOIN dim_airport AS o ON o.faa = origin
        JOIN dim_airport AS d ON d.faa = dest LEFT JOIN dim_carrier AS c ON c.carrier = r.carrier
        LEFT JOIN dim_aircraft AS a ON a.tailnum = r.tailnum AND scheduled >= valid_from AND scheduled < valid_to"""}


def ready_star(spark, slice) -> dict:
    """The star of lesson 04 for a slice, ready made in the open schema; {table: rows}.

    Beside it the view `departures`: the published flights of the slice with what the facts are made of. The facts still carry
    three yes-or-no marks: cancelled, diverted, overnight.
    """
    spark.read.parquet(dataset("flights", slice)).createOrReplaceTempView("published")
    spark.sql(f"CREATE OR REPLACE TEMP VIEW departures AS {_DEPARTURES}")
    versions = aircraft_versions(YEAR)
    made_by = rows("planes").set_index("tailnum").manufacturer
    versions["manufacturer"] = versions.tailnum.map(made_by).fillna("not in the file yet")
    versions.insert(0, "aircraft_key", range(1, len(versions) + 1))
    always = (pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC"))
    versions.loc[len(versions)] = [-1, "unknown", "?", *always, "unknown"]
    spark.createDataFrame(versions).write.format("delta").saveAsTable("dim_aircraft")
    for table, query in _READY.items():
        spark.sql(f"CREATE TABLE {table} USING delta AS {query}")
    return {table: spark.table(table).count() for table in ("dim_aircraft", *_READY)}


def read_by(spark, queries) -> tuple:
    """(files, bytes) that queries open: the plan names tables and columns, the footers of their files the bytes of each."""
    import pyarrow.parquet
    files, size = 0, 0
    for query in queries:
        plan = spark.sql("EXPLAIN FORMATTED " + query).first()[0]
        for table, columns in re.findall(r"Scan parquet \S*?star\.(\w+).*?ReadSchema: struct<(.*?)>\n", plan, re.S):
            for file in spark.table(table).inputFiles():
                footer = pyarrow.parquet.read_metadata(unquote(file.removeprefix("file:"))).to_dict()
                chunks = [chunk for group in footer["row_groups"] for chunk in group["columns"]]
                opened = [chunk for chunk in chunks if f",{chunk['path_in_schema']}:" in f",{columns}"]
                files += 1
                size += sum(chunk["total_compressed_size"] for chunk in opened)
    return files, size
