"""The flights: slices of the published tables, the events made of them, and their replay. Sources: datasets/README.md."""
import hashlib
import json
import math
import os
import time
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from operator import itemgetter

from .engines import place

SLICES = {"day": (date(2013, 7, 1), date(2013, 7, 1)), "week": (date(2013, 7, 8), date(2013, 7, 14)),
          "month": (date(2013, 2, 1), date(2013, 2, 28)), "year": (date(2013, 1, 1), date(2013, 12, 31))}
DAILY = ("flights", "moments", "weather")                  # tables that a slice limits, by local day
TIMED = ("payments",)                                      # by the UTC day of their `at`
KINDS = ("scheduled", "departed", "arrived", "diverted", "cancelled")
FLIGHT = ("carrier", "flight", "origin", "dest", "tailnum")
FIELDS = {"scheduled": ("scheduled_arrival", "distance"), "departed": ("dep_delay",), "cancelled": (),
          "arrived": ("scheduled_arrival", "arr_delay", "air_time", "distance"), "diverted": ("scheduled_arrival", "distance")}


def days(slice="year") -> tuple[date, date]:
    """First and last local day of a slice: day, week, month (February), year, a span, or a pair; PATTERNLAB_SLICE goes first."""
    if isinstance(slice, tuple):
        return slice
    text = place.setting("SLICE", str(slice))
    if text in SLICES:
        return SLICES[text]
    try:
        first, last = map(date.fromisoformat, text.split(".."))
        if SLICES["year"][0] <= first <= last <= SLICES["year"][1]:
            return first, last
    except ValueError:
        pass                                               # no two dates: the same sentence helps
    raise ValueError(f"The slice {text!r} is not known; write day, week, month, year or a span within 2013: "
                     "2013-10-28..2013-11-03.")


@lru_cache(maxsize=None)
def _published(table: str):
    """The Parquet file of a table and its checksum, verified once a process."""
    folder = place.ROOT / "datasets"
    registry = json.loads((folder / "registry.json").read_text(encoding="utf-8"))
    if table not in registry:
        raise ValueError(f"There is no table {table!r}; the tables are {', '.join(sorted(registry))}.")
    path, expected = folder / registry[table]["file"], registry[table]["sha256"]
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise ValueError(f"datasets/{path.name} is missing or its checksum is not {expected[:12]}...; bring it back with "
                         f"`git checkout -- datasets/{path.name}`.")
    return path, expected


def _read(table: str, slice):
    """Published rows of a slice as an Arrow table, in published order; tables without days come whole."""
    import pyarrow.dataset
    from pyarrow.compute import field
    first, last = days(slice)
    within = None
    if table in DAILY:
        day = field("month") * 100 + field("day")
        within = (day >= first.month * 100 + first.day) & (day <= last.month * 100 + last.day)
    elif table in TIMED:
        begin, end = (datetime(day.year, day.month, day.day, tzinfo=timezone.utc) for day in (first, last + timedelta(days=1)))
        within = (field("at") >= begin) & (field("at") < end)
    return pyarrow.dataset.dataset(_published(table)[0]).to_table(filter=within)


def rows(table: str, slice="year"):
    """The published rows as a pandas frame, in published order (nullable integers become floats, as pandas does)."""
    return _read(table, slice).to_pandas()


def dataset(table: str, slice="year") -> str:
    """Path of a Parquet file with a table: flights, weather, payments (limited to the slice), airlines, airports, planes.

    Column names, row order and dirt are those of the package. ValueError for an unknown table or slice, or a damaged file.
    """
    import pyarrow.parquet
    path, checksum = _published(table)
    first, last = days(slice)
    if not place.setting("LAKE") and (table not in (*DAILY, *TIMED) or (first, last) == SLICES["year"]):
        return str(path)
    part = place.shared("slices") / f"{table}-{first}-{last}-{checksum[:12]}.parquet"
    if not part.exists():
        unfinished = part.with_name(f".{part.name}.{os.getpid()}")   # another kernel may be making the same file
        pyarrow.parquet.write_table(_read(table, (first, last)), unfinished, compression="zstd", store_schema=False)
        unfinished.replace(part)
    return str(part)


def minutes(column):
    """A column of minutes (null allowed) as durations."""
    import pandas
    return pandas.to_timedelta(column.astype("Int64"), unit="min")


def timed(slice="year"):
    """Flights of a slice, with the moments of their lives in UTC (pandas frame, published order; NaT for what did not happen).

    Adds key, scheduled (the slot: scheduled departure), scheduled_arrival, departed, arrived, diverted and cancelled, counted
    from the slot by the published delays. Which is measured, derived or assumed, and how: datasets/README.md.
    """
    flights, derived = rows("flights", slice), rows("moments", slice)
    names = zip(flights.month, flights.day, flights.carrier, flights.flight, flights.origin)
    flights["key"] = [f"2013-{month:02}-{day:02}/{carrier}/{flight}/{origin}" for month, day, carrier, flight, origin in names]
    flights["scheduled"] = flights.time_hour + minutes(flights.minute)
    flights["departed"] = flights.scheduled + minutes(flights.dep_delay)
    flights["scheduled_arrival"], flights["diverted"] = (derived[name].dt.as_unit("ns") for name in derived.columns[-2:])
    flights["arrived"] = flights.scheduled_arrival + minutes(flights.arr_delay)
    flights["cancelled"] = flights.scheduled.where(flights.dep_time.isna())
    return flights


def _values(column) -> list:
    """An Arrow column as Python values: None for null, ISO text for times, one object for equal values (a year must fit)."""
    import numpy
    import pyarrow
    encoded = column.dictionary_encode()
    if pyarrow.types.is_timestamp(column.type):
        seconds = encoded.dictionary.to_numpy(zero_copy_only=False).astype("datetime64[s]")
        known = numpy.datetime_as_string(seconds, unit="s", timezone="UTC").tolist()
    else:
        known = encoded.dictionary.to_pylist()
    objects = numpy.array([*known, None], dtype=object)
    return objects[encoded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)].tolist()


def events(kind: str, slice="week") -> list[dict]:
    """Events of one kind in order of arrival (ties: carrier, flight, origin, kind), as dictionaries that JSON can hold.

    Always: key (a flight's "2013-07-01/UA/1545/EWR", with the local date of its slot), kind, and three UTC texts such as
    "2013-07-01T09:15:00Z": scheduled (the slot that it is about), occurred, arrival (when the log has it: as occurred, until
    a fault delays it). Delays are minutes, distances miles.
    scheduled departed arrived diverted cancelled   what happens to a flight; each has carrier flight origin dest tailnum
    lifecycle       these five together
    report          one per flight, with the published row under its own names; occurs at departure, or at the slot if cancelled
    observation     one per row of the weather, likewise; key "EWR/2013-02-12T03" (local hour), occurs at the hour it describes
    """
    import pandas
    import pyarrow
    if kind not in (*KINDS, "lifecycle", "report", "observation"):
        raise ValueError(f"There are no events of kind {kind!r}; write {', '.join(KINDS)}, lifecycle, report or observation.")
    table = _read("weather" if kind == "observation" else "flights", slice)
    if kind == "observation":
        frame = table.to_pandas()
        hours = zip(frame.origin, frame.month, frame.day, frame.hour)
        frame["key"] = [f"{origin}/2013-{month:02}-{day:02}T{hour:02}" for origin, month, day, hour in hours]
        frame["scheduled"] = frame["observation"] = frame.time_hour
    else:
        frame = timed(slice).assign(report=lambda flights: flights.departed.fillna(flights.scheduled))
    made = []
    for each in KINDS if kind == "lifecycle" else [kind]:
        moment = frame[each] - pandas.Timedelta(days=1 if each == "scheduled" else 0)   # assumed: published a day ahead
        happened = moment.notna().to_numpy()
        texts = _values(pyarrow.array(moment[happened]))
        columns = {"key": frame.key[happened].tolist(), "kind": [each] * len(texts),
                   "scheduled": _values(pyarrow.array(frame.scheduled[happened])), "occurred": texts, "arrival": texts}
        for name in (*FLIGHT, *FIELDS[each]) if each in FIELDS else table.column_names:
            columns[name] = _values(table[name].filter(happened).combine_chunks() if name in table.column_names
                                    else pyarrow.array(frame[name][happened]))
        made += [dict(zip(columns, values)) for values in zip(*columns.values())]
    ties = ("arrival", "origin") if kind == "observation" else ("arrival", "carrier", "flight", "origin", "kind")
    return sorted(made, key=itemgetter(*ties))


def replay(events, send, *, speed=math.inf) -> int:
    """Calls `send(event)` for each event and returns how many; a finite `speed` is event seconds (of arrival) per real second."""
    begun, first, count = time.monotonic(), None, 0
    for count, event in enumerate(events, 1):
        if speed < math.inf:
            due = datetime.fromisoformat(event["arrival"].replace("Z", "+00:00")).timestamp()
            first = due if first is None else first
            time.sleep(max(0.0, (due - first) / speed - (time.monotonic() - begun)))
        send(event)
    return count
