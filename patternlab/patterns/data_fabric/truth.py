"""The truths of the data fabric, in plain pandas: what references hold, and which aircraft were worst."""
from functools import lru_cache

from ...flights import SLICES, rows
from .. import define

# what a person who knows the data would join, and may join: (left, right)
REFERENCES = [("flights.carrier", "airlines.carrier"), ("flights.tailnum", "planes.tailnum"),
              ("flights.origin", "airports.faa"), ("flights.dest", "airports.faa"), ("weather.origin", "airports.faa"),
              ("flights.origin+time_hour", "weather.origin+time_hour")]


@define("references", frozen=True)
def references(slice) -> dict:
    """{"left = right": the share of the left side's different values that the right side has}, of the six references."""
    found = {}
    for left, right in REFERENCES:
        mine, yours = (_values(side, slice) for side in (left, right))
        found[f"{left} = {right}"] = len(mine & yours) / max(1, len(mine))
    return found


def _values(side, slice) -> set:
    """The different values of "table.column" or "table.one+other", without those of which a part is null."""
    table, columns = side.split(".")
    kept = rows(table, slice)[columns.split("+")].dropna()
    return set(kept.itertuples(index=False, name=None))


@define("partners", frozen=True)
def partners(slice) -> dict:
    """{"left = right": rows of the left side that find a partner}, of the six references, and by equal names."""
    return dict(_partners(tuple(slice)))


@lru_cache(maxsize=4)
def _partners(slice) -> dict:
    found = {}
    for left, right in [*REFERENCES, ("flights.tailnum+year", "planes.tailnum+year")]:
        table, columns = left.split(".")
        yours = _values(right, slice)
        mine = rows(table, slice)[columns.split("+")].itertuples(index=False, name=None)
        found[f"{left} = {right}"] = sum(value in yours for value in mine)
    return found


@define("followed")
def followed(slice) -> set:
    """The references, "left = right", in which at least half of the left side's rows find a partner in the slice."""
    found = _partners(tuple(slice))
    pairs = [(f"{left} = {right}", left.split(".")[0]) for left, right in REFERENCES]
    return {pair for pair, table in pairs if 2 * found[pair] >= len(rows(table, slice))}


@define("watchlist", frozen=True)
def watchlist(slice) -> dict:
    """The (at most) twenty aircraft in planes with the highest mean departure delay: how many, and the highest."""
    flown = rows("flights", slice)
    flown = flown[flown.dep_time.notna() & flown.tailnum.isin(rows("planes", SLICES["year"]).tailnum)]
    delays = flown.groupby("tailnum").dep_delay.mean().nlargest(20)
    return {"aircraft": len(delays), "worst": float(delays.max()) if len(delays) else 0.0}
