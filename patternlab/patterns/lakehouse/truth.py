"""The truth of pattern 06: the departures as they were published, which the table must equal once all corrections are in it."""
from ...flights import minutes, rows
from .. import define


@define("lakehouse_departures")
def lakehouse_departures(slice):
    """Every scheduled departure as published: frame key, scheduled (UTC), carrier, origin, dest, delay (minutes; NaN: cancelled)."""
    table = rows("flights", slice)
    days = zip(table.year, table.month, table.day)
    parts = zip(days, table.carrier, table.flight, table.origin)
    table["key"] = [f"{year}-{month:02}-{day:02}/{carrier}/{flight}/{origin}" for (year, month, day), carrier, flight, origin in parts]
    table["scheduled"] = table.time_hour + minutes(table.minute)
    return table.rename(columns={"dep_delay": "delay"})[["key", "scheduled", "carrier", "origin", "dest", "delay"]]


@define("lakehouse_totals", frozen=True)
def lakehouse_totals(slice):
    """What a reader asks of the table: {"departures" (scheduled), "late" (over an hour), "minutes" (of delay, early ones below 0)}."""
    delay = rows("flights", slice).dep_delay
    return {"departures": len(delay), "late": int((delay > 60).sum()), "minutes": int(delay.sum())}
