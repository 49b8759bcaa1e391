"""The truths of the star schema, in plain pandas: by loops and groups, not by the joins and windows of the notebook."""
import pandas as pd

from ...flights import rows
from .. import define
from ..flights.truth import flights as published

BEFORE, EVER = pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")   # pandas can hold both


@define("aircraft_versions")
def aircraft_versions(slice):
    """Who flew each aircraft when: frame tailnum, operator, valid_from (in), valid_to (out), without gap or overlap.

    A new version begins with the slot of the first flight under another carrier; the first is open to the left, the last to
    the right (years 1900 and 2200).
    """
    versions = []
    flown = published(slice).dropna(subset=["tailnum"]).sort_values(["tailnum", "slot", "carrier"], kind="stable")
    for tail, operator, slot in zip(flown.tailnum, flown.carrier, flown.slot):
        last = versions[-1] if versions and versions[-1][0] == tail else None
        if last is None:
            versions.append([tail, operator, BEFORE, EVER])
        elif last[1] != operator:
            last[3] = slot
            versions.append([tail, operator, slot, EVER])
    return pd.DataFrame(versions, columns=["tailnum", "operator", "valid_from", "valid_to"])


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
