"""Exercise 1 of lab 04: the dimension with its surrogate keys and the facts that carry them, judged clause by clause."""
from collections import Counter

from ...checking.kinds import numbers
from ...checking.outcomes import Wrong
from ...checking.tables import plain, rows as table_rows


def frames(dimension, facts) -> tuple:
    """Both as pandas frames: the dimension's two columns; of the facts the key, and what names a flight where it is there."""
    sides = []
    for what, made, columns in (("dimension", dimension, ["aircraft_key", "tailnum"]), ("facts", facts, ["aircraft_key"])):
        try:
            table = table_rows(made)
            table_rows(table, columns)
        except Wrong as wrong:
            raise type(wrong)(f"The {what}: {wrong.sentence}", wrong.show) from None
        sides.append(table.loc[:, ~table.columns.duplicated()])
    if "carrier" in sides[0] and "carrier" not in sides[1]:
        raise Wrong("You returned the facts first. Return the dimension, then the facts.")
    keep = [name for name in ("carrier", "flight", "origin", "tailnum") if name in sides[1]]
    return sides[0][["aircraft_key", "tailnum"]].copy(), sides[1][["aircraft_key", *keep]].copy()


def dimension(dim, registered) -> None:
    """Wrong unless the dimension has each aircraft with its number in order of tailnum; its unknown member is judged later."""
    texts = [key for key in dim.aircraft_key if isinstance(key, str)]
    if texts:
        raise Wrong("Your key is a text. A surrogate key is a number without meaning, so that a tail "
                    "number can change, or have two versions, without touching a fact.", dim.head(3))
    dim["aircraft_key"] = numbers(dim.aircraft_key, "The aircraft_key of the dimension")
    if dim.aircraft_key.isna().any():
        raise Wrong("A row of your dimension has NULL for its key, so no fact can point at it.",
                    dim[dim.aircraft_key.isna()].head(3))
    if dim.aircraft_key.duplicated().any():
        raise Wrong("Two rows of your dimension have the same key, so a fact with it would be counted twice.",
                    dim[dim.aircraft_key.duplicated(keep=False)].head(4))
    own = dim[dim.aircraft_key != -1].sort_values("aircraft_key")
    if lacking := set(registered) - set(own.tailnum):
        raise Wrong(f"Your dimension lacks {len(lacking):,} aircraft of planes. Every one belongs there, whether it flew or not.",
                    f"one of them: {min(lacking)}")
    if not own.tailnum.isin(registered).all():
        raise Wrong("Your dimension has an aircraft that planes lacks. Only the unknown member is to be added.",
                    own[~own.tailnum.isin(registered)].head(3))
    if own.tailnum.duplicated().any():
        raise Wrong("An aircraft has two rows in your dimension.", own[own.tailnum.duplicated(keep=False)].head(4))
    if own.aircraft_key.min() != 1:
        raise Wrong(f"Your keys begin at {own.aircraft_key.min():.0f}. They should be 1, 2, 3 ...", own.head(3))
    if own.aircraft_key.max() != len(own):
        raise Wrong("Your keys have gaps. They should be 1, 2, 3 ..., one number for each aircraft.", own.tail(3))
    if list(own.tailnum) != registered:
        at = next(at for at, (mine, tail) in enumerate(zip(own.tailnum, registered)) if mine != tail)
        raise Wrong("Your keys are not in order of tailnum.", own.iloc[max(0, at - 1):at + 2])


def each_once(facts, known) -> None:
    """Wrong unless each flight is there once with the key of its aircraft; `known` are the flights with that key."""
    names = [name for name in ("carrier", "flight", "origin") if name in facts] or [
        name for name in ("tailnum",) if name in facts]
    right = {}
    for key, *flight in known[["aircraft_key", *names]].itertuples(index=False):
        right.setdefault(tuple(map(plain, flight)), []).append(key)
    mine = {}
    for key, *flight in facts[["aircraft_key", *names]].itertuples(index=False):
        mine.setdefault(tuple(map(plain, flight)), []).append(key)
    for flight, keys in mine.items():
        show = [{**dict(zip(names, flight)), "aircraft_key": int(key)} for key in keys[:3]]
        if flight not in right or len(keys) > len(right[flight]):
            raise Wrong("A flight is there twice, and another one is gone. Every flight belongs there once.", show)
        over = Counter(keys) - Counter(right[flight])
        if not over:
            continue
        lacking = Counter(right[flight]) - Counter(keys)
        if -1 in over and names:
            raise Wrong("A flight of an aircraft that planes knows points at the unknown member.", show)
        if -1 in lacking and names:
            raise Wrong("A flight without a known aircraft must point at the unknown member, key -1.", show)
        raise Wrong("A key leads to another aircraft than the one that flew.", show if names else None)
