"""The truth of pattern 06: the departures as published, which the table must equal with all corrections in it."""
from ...flights import minutes, rows
from .. import define


@define("lakehouse_departures")
def lakehouse_departures(slice):
    """Each scheduled departure: frame key, scheduled (UTC), carrier, origin, dest, delay (minutes; NaN: cancelled)."""
    import pandas
    table = rows("flights", slice)
    day = pandas.to_datetime(table[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    table["key"] = day + "/" + table.carrier + "/" + table.flight.astype(str) + "/" + table.origin
    table["scheduled"] = table.time_hour + minutes(table.minute)
    return table.rename(columns={"dep_delay": "delay"})[["key", "scheduled", "carrier", "origin", "dest", "delay"]]


@define("lakehouse_totals", frozen=True)
def lakehouse_totals(slice):
    """What a reader asks: {"departures" (scheduled), "late" (over an hour), "minutes" (of delay; early: below 0)}."""
    delay = rows("flights", slice).dep_delay
    return {"departures": len(delay), "late": int((delay > 60).sum()), "minutes": int(delay.sum())}
