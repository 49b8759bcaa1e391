"""The flights: slices of the published tables, the events made of them, and their replay. Sources: datasets/README.md."""
import hashlib
import json
import math
import os
import time
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter

from .engines import place

SLICES = {"day": (date(2013, 7, 1), date(2013, 7, 1)), "week": (date(2013, 7, 8), date(2013, 7, 14)),
          "year": (date(2013, 1, 1), date(2013, 12, 31))}
KINDS = ("scheduled", "departed", "arrived", "diverted", "cancelled")
FLIGHT = ("carrier", "flight", "origin", "dest", "tailnum")
FIELDS = {"scheduled": (*FLIGHT, "scheduled_arrival", "distance"), "departed": (*FLIGHT, "dep_delay"), "cancelled": FLIGHT,
          "arrived": (*FLIGHT, "scheduled_arrival", "arr_delay", "air_time", "distance"),
          "diverted": (*FLIGHT, "scheduled_arrival", "distance")}
SLICED = ("flights", "weather")


def days(slice="year") -> tuple[date, date]:
    """First and last local day of a slice: day, week, year, 'YYYY-MM-DD..YYYY-MM-DD' or such a pair of dates.

    PATTERNLAB_SLICE, where it is set, stands in for every text. ValueError if it is no slice of 2013.
    """
    if isinstance(slice, tuple):
        return slice
    text = place.setting("SLICE", str(slice))
    if text in SLICES:
        return SLICES[text]
    try:
        first, last = map(date.fromisoformat, text.split(".."))
    except ValueError:
        raise ValueError(f"The slice {text!r} is not known; write day, week, year or a span such as "
                         "2013-10-28..2013-11-03.") from None
    if not date(2013, 1, 1) <= first <= last <= date(2013, 12, 31):
        raise ValueError(f"The slice {text!r} must begin before it ends, and lie between 2013-01-01 and 2013-12-31.")
    return first, last


@lru_cache(maxsize=None)
def _published(table: str):
    """The Parquet file of a table and its checksum, verified once a process."""
    folder = place.ROOT / "datasets"
    registry = json.loads((folder / "registry.json").read_text(encoding="utf-8"))
    if table not in registry:
        raise ValueError(f"There is no table {table!r}; the tables are {', '.join(sorted(registry))}.")
    path, expected = folder / registry[table]["file"], registry[table]["sha256"]
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "none: it is missing"
    if found != expected:
        raise ValueError(f"datasets/{path.name} has the checksum {found[:20]}, expected {expected[:20]}; bring it back with "
                         f"`git checkout -- datasets/{path.name}`.")
    return path, expected


def _read(table: str, slice):
    """Published rows of a slice as an Arrow table, in published order; tables without days come whole."""
    import pyarrow.dataset
    from pyarrow.compute import field
    first, last = days(slice)
    chosen = None
    if table in SLICED and (first, last) != SLICES["year"]:
        day = field("month") * 100 + field("day")
        chosen = (day >= first.month * 100 + first.day) & (day <= last.month * 100 + last.day)
    return pyarrow.dataset.dataset(_published(table)[0]).to_table(filter=chosen)


def rows(table: str, slice="year"):
    """The published rows as a pandas frame, in published order (nullable integers become floats, as pandas does)."""
    return _read(table, slice).to_pandas()


def dataset(table: str, slice="year") -> str:
    """Path of a Parquet file with a published table: flights, weather (both limited to the slice), airlines, airports, planes.

    Column names, row order and dirt are those of the package. ValueError for an unknown table or slice, or a damaged file.
    """
    import pyarrow.parquet
    path, checksum = _published(table)
    first, last = days(slice)
    whole = table not in SLICED or (first, last) == SLICES["year"]
    if whole and not place.setting("LAKE"):
        return str(path)
    part = place.shared("slices") / f"{table}-{first}-{last}-{checksum[:12]}.parquet"
    if not part.exists():
        unfinished = part.with_name(f".{part.name}.{os.getpid()}")   # another kernel may be making the same file
        pyarrow.parquet.write_table(_read(table, (first, last)), unfinished, compression="zstd", store_schema=False)
        unfinished.replace(part)
    return str(part)


def timed(slice="year"):
    """Flights of a slice, with the moments of their lives in UTC (pandas frame, published order; NaT for what did not happen).

    Adds key, scheduled (the slot: scheduled departure), scheduled_arrival, departed, arrived, diverted and cancelled. Clocks of
    the table are local; moments are counted from the slot by the delays, so no midnight and no clock change is guessed. The day
    of a scheduled arrival, and of a diverted flight's gate arrival, is the first on which the destination's clock shows that
    time after the slot or after the departure. Which of these is measured, derived or assumed: datasets/README.md.
    """
    import numpy
    import pandas
    flights = rows("flights", slice)
    minutes = lambda column: pandas.to_timedelta(column, unit="min")
    local = pandas.to_datetime(flights[["year", "month", "day"]]).to_numpy()
    local = pandas.Series(numpy.datetime_as_string(local, unit="D").astype(object), index=flights.index)
    flights["key"] = local + "/" + flights.carrier + "/" + flights.flight.astype(str) + "/" + flights.origin
    flights["scheduled"] = flights.time_hour + minutes(flights.minute)
    flights["departed"] = flights.scheduled + minutes(flights.dep_delay)
    zones = flights.dest.map(rows("airports").set_index("faa").tzone).fillna("Etc/GMT+4")   # BQN, PSE, SJU, STT: no summer time

    def next_time(clock, after):
        """When the destination's clock first shows `clock` (hhmm) after the moment `after`."""
        found = after.copy()
        for zone, at in zones[clock.index].groupby(zones).groups.items():
            midnight = after[at].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
            today, tomorrow = ((midnight + pandas.Timedelta(days=n) + minutes(clock[at] // 100 % 24 * 60 + clock[at] % 100))
                               .dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").dt.tz_convert("UTC")
                               for n in (0, 1))
            found[at] = today.where(today > after[at], tomorrow)
        return found

    flights["scheduled_arrival"] = next_time(flights.sched_arr_time, flights.scheduled)
    flights["arrived"] = flights.scheduled_arrival + minutes(flights.arr_delay)
    diverted = flights[flights.dep_time.notna() & flights.arr_delay.isna()]
    known = diverted.arr_time.notna()
    at_gate = next_time(diverted.arr_time[known], diverted.departed[known])
    flights["diverted"] = at_gate.reindex(diverted.index).fillna(diverted[["scheduled_arrival", "departed"]].max(axis=1))
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
    "2013-07-01T09:15:00Z": scheduled (the slot that it is about), occurred, arrival (when the log has it: as occurred, until a
    fault delays it). Delays are minutes, distances miles.
    scheduled departed arrived diverted cancelled   what happens to a flight; each has carrier flight origin dest tailnum
    lifecycle       these five together
    report          one per flight, with the published row under its own names; occurs at departure, or at the slot if cancelled
    observation     one per row of the weather, likewise; key "EWR/2013-02-12T03" (local hour), occurs at the hour it describes
    """
    import numpy
    import pandas
    import pyarrow
    if kind not in (*KINDS, "lifecycle", "report", "observation"):
        raise ValueError(f"There are no events of kind {kind!r}; write {', '.join(KINDS)}, lifecycle, report or observation.")
    table = _read("weather" if kind == "observation" else "flights", slice)
    if kind == "observation":
        frame = table.to_pandas().assign(scheduled=lambda weather: weather.time_hour, observation=lambda weather: weather.time_hour)
        hours = numpy.datetime_as_string(pandas.to_datetime(frame[["year", "month", "day", "hour"]]).to_numpy(), unit="h")
        frame["key"] = frame.origin + "/" + hours.astype(object)
    else:
        frame = timed(slice).assign(report=lambda flights: flights.departed.fillna(flights.scheduled))
    made = []
    for each in KINDS if kind == "lifecycle" else [kind]:
        moment = frame[each] - pandas.Timedelta(days=1 if each == "scheduled" else 0)   # assumed: published a day ahead
        happened = moment.notna().to_numpy()
        texts = _values(pyarrow.array(moment[happened]))
        columns = {"key": frame.key[happened].tolist(), "kind": [each] * len(texts),
                   "scheduled": _values(pyarrow.array(frame.scheduled[happened])), "occurred": texts, "arrival": texts}
        for name in FIELDS.get(each, table.column_names):
            columns[name] = _values(table[name].filter(happened).combine_chunks() if name in table.column_names
                                    else pyarrow.array(frame[name][happened]))
        made += [dict(zip(columns, values)) for values in zip(*columns.values())]
    ties = ("arrival", "origin") if kind == "observation" else ("arrival", "carrier", "flight", "origin", "kind")
    return sorted(made, key=itemgetter(*ties))


def replay(events, send, *, speed=math.inf) -> int:
    """Calls `send(event)` for each event and returns how many; a finite `speed` is event seconds (of arrival) per real second."""
    if not speed > 0:
        raise ValueError(f"The speed is {speed}; write a positive number of event seconds per second, or leave it out.")
    begun, first, count = time.monotonic(), None, 0
    for count, event in enumerate(events, 1):
        if speed < math.inf:
            due = datetime.fromisoformat(event["arrival"].replace("Z", "+00:00")).timestamp()
            first = due if first is None else first
            time.sleep(max(0.0, (due - first) / speed - (time.monotonic() - begun)))
        send(event)
    return count
