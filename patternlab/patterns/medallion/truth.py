"""The truth of pattern 03: the board that gold must equal, and its totals."""
from ...flights import rows
from .. import define

STRONGEST_GUST = 254                  # mph, 408 km/h: the record, Barrow Island 1996 (WMO)


@define("medallion_board")
def medallion_board(slice, lost=()):
    """How each airport did on each local day: frame origin, day (date), scheduled, cancelled, late (> 15 min),
    mean_delay_min, aircraft_unknown (no tail, or not in the registry), worst_wind_mph (possible ones; NaN if none measured).

    `lost` are keys of flights that must not count, because no healthy report of them was delivered.
    """
    flights = _reported(slice, lost)
    flights = flights.assign(cancelled=flights.dep_time.isna(), late=flights.dep_delay > 15,
                             aircraft_unknown=~flights.tailnum.isin(set(rows("planes").tailnum)))
    board = flights.groupby(["origin", "day"]).agg(
        scheduled=("flight", "size"), cancelled=("cancelled", "sum"), late=("late", "sum"),
        mean_delay_min=("dep_delay", "mean"), aircraft_unknown=("aircraft_unknown", "sum"))
    weather = rows("weather", slice)
    possible = weather.assign(day=_days(weather))[weather.wind_speed <= STRONGEST_GUST]
    wind = possible.groupby(["origin", "day"]).wind_speed.max()
    return board.join(wind.rename("worst_wind_mph")).reset_index()


@define("medallion_totals")
def medallion_totals(slice, lost=()):
    """All flights but the `lost` ones: {"departed", "mean_delay_min" (of those that departed), "flights"}."""
    flights = _reported(slice, lost)
    return {"departed": int(flights.dep_time.notna().sum()), "mean_delay_min": float(flights.dep_delay.mean()),
            "flights": len(flights)}


def _reported(slice, lost):
    flights = rows("flights", slice)
    flights["day"] = _days(flights)
    key = flights.day.astype(str) + "/" + flights.carrier + "/" + flights.flight.astype(str) + "/" + flights.origin
    return flights[~key.isin(set(lost))]


def _days(table):
    import pandas
    return pandas.to_datetime(table[["year", "month", "day"]]).dt.date
