"""The truth of pattern 01: the departures that the target table must hold, and no others."""
from ...flights import timed
from .. import define


@define("etl_departures", frozen=True)
def etl_departures(slice, lost=()):
    """Every flight that left: frame key, day (of its slot, in New York), origin, scheduled, departed (UTC), delay_min.

    `lost` are keys of flights that must not be there, because no report of them could be read.
    """
    import pandas
    flights = timed(slice).dropna(subset=["departed"])
    flights = flights[~flights.key.isin(set(lost))].reset_index(drop=True)
    flights["day"] = pandas.to_datetime(flights[["year", "month", "day"]]).dt.date
    flights["delay_min"] = flights.dep_delay.astype(int)
    return flights[["key", "day", "origin", "scheduled", "departed", "delay_min"]]
