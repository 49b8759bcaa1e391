"""Truth: what the right answer is, computed a second time in plain pandas, never by Spark. Here a truth is asked for and guarded;
those of the data are in patterns/flights/truth.py, those of one pattern in its room."""
import copy
import difflib
import hashlib
import json

from .engines import place
from .flights import SLICES, days
from .patterns import DEFINED, find

_KNOWN = {}


def truth(name: str, slice="week", **args):
    """The right answer called `name` for a slice (see flights.days), as a pandas frame, a number or a dict. A copy: keep it.

    ValueError for an unknown name or slice, and where a frozen number of datasets/golden.json is not met.
    """
    if name not in DEFINED and name not in find():
        near = difflib.get_close_matches(name, DEFINED, 3, 0.4) or sorted(DEFINED)
        raise ValueError(f"There is no truth {name!r}; near it are {', '.join(near)}.")
    span = days(slice)
    key = (name, span, json.dumps(args, sort_keys=True, default=str))
    if key not in _KNOWN:
        function, frozen = DEFINED[name]
        value = function(span, **args)
        if frozen and not args:
            _guard(name, span, value)
        _KNOWN[key] = value
    return _KNOWN[key].copy() if hasattr(_KNOWN[key], "columns") else copy.deepcopy(_KNOWN[key])


def golden() -> dict:
    """The frozen numbers: {slice: {truth: number, dict, or a frame's rows and checksum}}."""
    path = place.ROOT / "datasets" / "golden.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def portrait(value):
    """A value as JSON holds it (floats to 9 decimals); of a frame its columns, the number of rows and a checksum of them."""
    if hasattr(value, "columns"):
        text = value.to_csv(index=False, float_format="%.9f", lineterminator="\n")
        return {"columns": list(value.columns), "rows": len(value), "sha256": hashlib.sha256(text.encode()).hexdigest()}
    if isinstance(value, dict):
        return {str(name): portrait(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [portrait(each) for each in value]
    value = value.item() if hasattr(value, "item") else value
    return round(value, 9) if isinstance(value, float) else value


def _guard(name: str, span, value):
    for standard, days_of in SLICES.items():
        expected = golden().get(standard, {}).get(name)
        if span == days_of and portrait(value) != expected:
            raise ValueError(f"The truth {name!r} of the {standard} is {portrait(value)}, but datasets/golden.json holds "
                             f"{expected}: if the change is meant, run `python datasets/make.py golden` and read the difference.")
