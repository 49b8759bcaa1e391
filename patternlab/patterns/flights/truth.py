"""Truths of the flights themselves, which more than one pattern needs: counts, hours, lateness, loss, and every known dirt.

Each takes a slice as a pair of dates and reads the published rows with pandas. Times are UTC, delays minutes, distances miles.
"""
from ...flights import minutes, rows
from .. import define

PATIENCE = (0, 15, 30, 60, 120, 180, 240, 360, 1440)
TOO_WINDY = 200                                     # mph: New York has never had such wind; the one above it says 1,048


def flights(slice):
    """Published rows with `slot` (scheduled departure) and `left` (departure; NaT if cancelled)."""
    table = rows("flights", slice)
    slot = table.time_hour + minutes(table.minute)
    return table.assign(slot=slot, left=slot + minutes(table.dep_delay))


def reports(slice):
    """Departures in order of arrival (ties: carrier, flight, origin) with `behind`: minutes since the latest slot seen before."""
    left = flights(slice).dropna(subset=["left"]).sort_values(["left", "carrier", "flight", "origin"], kind="stable")
    behind = (left.slot.cummax().shift() - left.slot).dt.total_seconds() / 60
    return left.assign(behind=behind.clip(lower=0).fillna(0).astype(int))


@define("conservation", frozen=True)
def conservation(slice):
    """Flights per end: scheduled = departed + cancelled, departed = arrived + diverted; at_gate: diverted, but came later."""
    table = rows("flights", slice)
    departed, arrived, gate = table.dep_time.notna(), table.arr_delay.notna(), table.arr_time.notna()
    count = {"scheduled": len(table), "departed": departed.sum(), "cancelled": (~departed).sum(), "arrived": arrived.sum(),
             "diverted": (departed & ~arrived).sum(), "at_gate": (gate & ~arrived).sum()}
    count = {name: int(number) for name, number in count.items()}
    return {**count, "lifecycle": count["scheduled"] * 2 + count["departed"]}


@define("departures_by_hour", frozen=True)
def departures_by_hour(slice):
    """Departures and their mean delay per scheduled hour and origin: frame hour (UTC), origin, departures, mean_delay."""
    table = rows("flights", slice).dropna(subset=["dep_time"])
    groups = table.groupby(["time_hour", "origin"]).dep_delay
    return groups.agg(departures="count", mean_delay="mean").reset_index().rename(columns={"time_hour": "hour"})


@define("lateness", frozen=True)
def lateness(slice):
    """How far departures come behind the latest slot seen before them: how many do at all, their share, quantiles in minutes."""
    behind = reports(slice).behind
    late = {"departed": len(behind), "out_of_order": int((behind > 0).sum())}
    late["share"] = late["out_of_order"] / len(behind) if len(behind) else 0.0
    return {**late, **{name: float(behind.quantile(part)) if len(behind) else 0.0 for name, part in
                       dict(p50=.5, p90=.9, p95=.95, p99=.99, p999=.999, max=1).items()}}


@define("loss_by_patience", frozen=True)
def loss_by_patience(slice, patience=PATIENCE, window=60):
    """Departures lost from windows of `window` minutes, judged one by one: {patience in minutes: lost}.

    A departure is lost if its window ended by the latest slot seen before it minus the patience. Spark, which moves its
    watermark between batches only, loses fewer.
    """
    left = reports(slice)
    ahead = left.slot.dt.floor(f"{window}min") - left.slot
    over = left.behind - ahead.dt.total_seconds() / 60 - window
    return {each: int(((over >= each) & (left.behind > 0)).sum()) for each in patience}


@define("unknown_tails", frozen=True)
def unknown_tails(slice):
    """Flights whose aircraft is not in planes: rows, distinct tails, rows without a tail, rows that a join keeps."""
    tail = rows("flights", slice).tailnum
    unknown = tail.notna() & ~tail.isin(rows("planes").tailnum)
    return {"rows": int(unknown.sum()), "tails": int(tail[unknown].nunique()), "null": int(tail.isna().sum()),
            "known": int((tail.notna() & ~unknown).sum())}


@define("missing_airports", frozen=True)
def missing_airports(slice):
    """Flights whose destination is not in airports: rows, and which."""
    dest = rows("flights", slice).dest
    missing = dest[~dest.isin(rows("airports").faa)]
    return {"rows": len(missing), "airports": sorted(missing.unique())}


@define("weather_dirt", frozen=True)
def weather_dirt(slice):
    """Impossible wind, hours repeated in local time and in UTC, hours missing, and flights without weather."""
    import pandas
    weather, table = rows("weather", slice), rows("flights", slice)
    first, last = (pandas.Timestamp(day, tz="America/New_York") for day in slice)
    hours = 3 * (last + pandas.DateOffset(days=1) - first) // pandas.Timedelta(hours=1)
    known = set(zip(weather.origin, weather.time_hour))
    return {"rows": len(weather), "wind": int((weather.wind_speed > TOO_WINDY).sum()),
            "repeated_local": int(weather.duplicated(["origin", "year", "month", "day", "hour"]).sum()),
            "repeated_utc": int(weather.duplicated(["origin", "time_hour"]).sum()), "missing": int(hours) - len(weather),
            "flights_without": sum(hour not in known for hour in zip(table.origin, table.time_hour))}


@define("operator_switches", frozen=True)
def operator_switches(slice):
    """Aircraft that change hands: frame tailnum, was, became, since (the slot of the new carrier's first flight)."""
    flown = flights(slice).dropna(subset=["tailnum"]).sort_values(["tailnum", "slot", "carrier", "flight", "origin"])
    was = flown.groupby("tailnum").carrier.shift()
    switched = flown.assign(was=was)[was.notna() & (was != flown.carrier)]
    switched = switched.rename(columns={"carrier": "became", "slot": "since"})
    return switched[["tailnum", "was", "became", "since"]].reset_index(drop=True)


@define("carrier_delays", frozen=True)
def carrier_delays(slice):
    """Mean arrival delay per carrier: frame carrier, arrivals, mean_delay."""
    delays = rows("flights", slice).dropna(subset=["arr_delay"]).groupby("carrier").arr_delay
    return delays.agg(arrivals="count", mean_delay="mean").reset_index()


@define("mean_delays", frozen=True)
def mean_delays(slice):
    """Mean arrival delay of flights, and the mean of the carriers' means, which is another number."""
    delays = carrier_delays(slice)
    return {"of_flights": float((delays.mean_delay * delays.arrivals).sum() / max(1, delays.arrivals.sum())),
            "of_means": float(delays.mean_delay.mean())}


@define("distance", frozen=True)
def distance(slice):
    """Miles of all scheduled flights."""
    return int(rows("flights", slice).distance.sum())


@define("late", frozen=True)
def late(slice):
    """Departures that are late to two owners: more than 0, and more than 15 minutes."""
    delay = rows("flights", slice).dep_delay
    return {"over_0": int((delay > 0).sum()), "over_15": int((delay > 15).sum())}


@define("clock_2400", frozen=True)
def clock_2400(slice):
    """Clocks published as 2400: of departures and of arrivals."""
    table = rows("flights", slice)
    return {"dep_time": int((table.dep_time == 2400).sum()), "arr_time": int((table.arr_time == 2400).sum())}


@define("utc_dates", frozen=True)
def utc_dates(slice):
    """Flights whose slot has another date in UTC than in New York, and days whose count of flights changes by that."""
    import pandas
    table = flights(slice)
    local, utc = pandas.to_datetime(table[["year", "month", "day"]]), table.slot.dt.tz_localize(None).dt.normalize()
    counts = local.value_counts()
    return {"flights": int((local != utc).sum()), "days": int((counts != utc.value_counts().reindex(counts.index)).sum())}


@define("grain", frozen=True)
def grain(slice):
    """Rows that repeat (date, carrier, flight), and that repeat it with the origin."""
    key = ["year", "month", "day", "carrier", "flight"]
    table = rows("flights", slice)
    return {"without_origin": int(table.duplicated(key).sum()), "with_origin": int(table.duplicated([*key, "origin"]).sum())}


@define("impossible_turns", frozen=True)
def impossible_turns(slice):
    """Departures of an aircraft before its flight before could have landed (departure plus air time)."""
    flown = flights(slice).dropna(subset=["tailnum", "left"]).sort_values(["tailnum", "left", "carrier", "flight", "origin"])
    landed = flown.left + minutes(flown.air_time)
    return int((flown.groupby("tailnum").left.shift(-1) < landed).sum())


@define("natural_join", frozen=True)
def natural_join(slice):
    """Rows left by joining flights and planes on all names that they share, tailnum and year (of flight; of building)."""
    import pandas
    both = [pandas.MultiIndex.from_frame(table[["tailnum", "year"]].dropna().astype({"year": int}))
            for table in (rows("flights", slice), rows("planes"))]
    return int(both[0].isin(both[1]).sum())


@define("manufacturers", frozen=True)
def manufacturers(slice):
    """Spellings of manufacturers in planes, which has no days: {spelling: aircraft}, the most frequent first."""
    counts = rows("planes").manufacturer.value_counts()
    return {name: int(number) for name, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}
