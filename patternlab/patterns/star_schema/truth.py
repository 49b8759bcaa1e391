"""The truths of the star schema, in plain pandas: by loops and groups, not by the joins and windows of the notebook."""
import pandas as pd

from ...flights import SLICES, minutes, rows
from .. import define

EVER = pd.Timestamp("2200-01-01", tz="UTC")               # pandas can hold it


@define("aircraft_versions")
def aircraft_versions(slice):
    """Who flew each aircraft when: frame tailnum, operator, valid_from (in), valid_to (out), without gap or overlap.

    A version begins with the slot of the first flight under its carrier; the last is open to the right (the year 2200).
    """
    versions = {}
    flown = rows("flights", slice).dropna(subset=["tailnum"])
    flown = flown.assign(slot=flown.time_hour + minutes(flown.minute)).sort_values(["slot", "carrier"], kind="stable")
    for tail, operator, slot in zip(flown.tailnum, flown.carrier, flown.slot):
        mine = versions.setdefault(tail, [])
        if not mine or mine[-1][1] != operator:
            for ended in mine[-1:]:
                ended[3] = slot
            mine.append([tail, operator, slot, EVER])
    table = [version for tail in sorted(versions) for version in versions[tail]]
    return pd.DataFrame(table, columns=["tailnum", "operator", "valid_from", "valid_to"])


@define("carrier_totals")
def carrier_totals(slice):
    """Per carrier: frame carrier, flights (scheduled), departed, late (left over 15 minutes late), miles (scheduled)."""
    table = rows("flights", slice)
    table = table.assign(departed=table.dep_time.notna().astype(int), late=(table.dep_delay > 15).astype(int))
    return table.groupby("carrier").agg(flights=("carrier", "size"), departed=("departed", "sum"), late=("late", "sum"),
                                        miles=("distance", "sum")).reset_index()


@define("routes_served")
def routes_served(slice):
    """Pairs of day and (carrier, origin, dest) with a scheduled flight, and those of which every flight was cancelled."""
    flown = {}
    table = rows("flights", slice)
    for day, carrier, origin, dest, left in zip(table.month * 100 + table.day, table.carrier, table.origin, table.dest,
                                                table.dep_time.notna()):
        flown[day, carrier, origin, dest] = flown.get((day, carrier, origin, dest), False) or left
    return {"served": len(flown), "grounded": sum(not left for left in flown.values())}


@define("flag_counts")
def flag_counts(slice):
    """Flights by their three marks: frame cancelled, diverted, overnight, flights."""
    table = rows("flights", slice)
    left = table.dep_time.notna()
    marks = pd.DataFrame({"cancelled": ~left, "diverted": left & table.arr_delay.isna(),
                          "overnight": table.sched_arr_time < table.sched_dep_time})
    return marks.groupby([*marks]).size().rename("flights").reset_index()


@define("operator_readings")
def operator_readings(slice):
    """Flights of the aircraft that changed hands in the year, by what each type of dimension remembers.

    Frame reading ("type 1" is the newest operator, "type 2" the one at the time, "type 3" the first), operator, flights.
    """
    operators = {}
    for tail, operator in aircraft_versions(SLICES["year"])[["tailnum", "operator"]].itertuples(index=False):
        operators.setdefault(tail, []).append(operator)
    counts = {}
    for tail, carrier in rows("flights", slice)[["tailnum", "carrier"]].itertuples(index=False):
        mine = operators.get(tail, [])
        if len(mine) > 1:
            for reading, operator in (("type 1", mine[-1]), ("type 2", carrier), ("type 3", mine[0])):
                counts[reading, operator] = counts.get((reading, operator), 0) + 1
    return pd.DataFrame([(*key, number) for key, number in counts.items()], columns=["reading", "operator", "flights"])
