"""The worlds of lab 13, exercises 1 and 2: a runner of contracts with its data sets, and rows with card numbers."""
from datetime import datetime, timedelta

NOW = datetime(2013, 7, 2, 4)
KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "timestamp": datetime, "date": datetime}
HOURS = {"h": 1, "hr": 1, "hour": 1, "hours": 1, "d": 24, "day": 24, "days": 24}


# --- exercise 1: a runner of contracts, as the exercise's text describes it
def broken(contract: dict, rows: list, now: datetime) -> str:
    """The first promise of `contract` that `rows` (dicts) breaks, a text; empty where all hold. ValueError: it can't be run."""
    columns = contract["schema"][0]["properties"]
    keys = [column["name"] for column in columns if column.get("primaryKey")]
    for column in columns:
        name, values = column["name"], [row.get(column["name"]) for row in rows]
        if any(name not in row for row in rows):
            return f"{name} is missing"
        known = [value for value in values if value is not None]
        if column.get("required") and len(known) < len(values):
            return f"{name} is null"
        if column.get("unique") and len(set(known)) < len(known):
            return f"{name} repeats"
        kind = KINDS.get(column.get("logicalType"), object)
        if any(not isinstance(value, kind) or isinstance(value, bool) and kind is not bool and kind is not object
               for value in known):
            return f"{name} has another type than {column['logicalType']}"
        for rule in column.get("quality", []):
            if found := _rule(rule, name, values, known):
                return found
    if keys and len({tuple(row[key] for key in keys) for row in rows}) < len(rows):
        return f"{', '.join(keys)} repeats"
    for sla in contract.get("slaProperties", []):
        if found := _objective(sla, rows, now, {column["name"] for column in columns}):
            return found
    return ""


def _rule(rule, name, values, known) -> str:
    metric = rule.get("metric")
    if metric == "invalidValues":
        valid = (rule.get("arguments") or {}).get("validValues")
        if not isinstance(valid, list):
            raise ValueError(f"The rule invalidValues of {name} needs arguments: {{'validValues': [...]}}.")
        return f"{name} is foreign" if any(value not in valid for value in known) else ""
    if metric in ("nullValues", "missingValues"):
        return f"{name} is null" if len(known) < len(values) and rule.get("mustBe") == 0 else ""
    if metric == "duplicateValues":
        return f"{name} repeats" if len(set(known)) < len(known) and rule.get("mustBe") == 0 else ""
    raise ValueError(f"The runner does not know the metric {metric!r} of {name}.")


def _objective(sla, rows, now, names) -> str:
    element, value = str(sla.get("element", "")).split(".")[-1], sla.get("value")
    if element not in names:
        raise ValueError(f"The objective {sla.get('property')} needs an element, table.column: {sla.get('element')!r} is none.")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"The objective {sla.get('property')} needs a number as its value, not {value!r}.")
    values = [row[element] for row in rows if row[element] is not None]
    if sla["property"] == "completeness":
        return f"{element} is not complete" if rows and 100 * len(values) / len(rows) < value else ""
    if sla["property"] == "latency":
        if sla.get("unit") not in HOURS:
            raise ValueError(f"The latency needs a unit, h or d: {sla.get('unit')!r} is none.")
        limit = timedelta(hours=value * HOURS[sla["unit"]])
        if not values:
            return f"nobody knows how old {element} is"
        if not all(isinstance(moment, datetime) for moment in values):
            raise ValueError(f"The latency is the age of a moment, and {element} holds none. Which column does?")
        return f"{element} is too old" if now - max(values) > limit else ""
    raise ValueError(f"The runner knows the objectives latency and completeness, not {sla['property']!r}.")


def _turn(tailnum, hour, airline="UA", seats=149):
    return {"tailnum": tailnum, "hour": NOW - timedelta(hours=hour), "airline": airline, "seats": seats}


GOOD = [_turn("N1", 3), _turn("N1", 4), _turn("N2", 3, "DL"), _turn("N3", 2, "B6"), _turn("N4", 1, "UA", None)]
OLD = [{**row, "hour": row["hour"] - timedelta(hours=34)} for row in GOOD]
TURNS = [  # rows, whether they are good, and what whoever judges otherwise is told
    (GOOD, True, "A good day was stopped: two aircraft in one hour, one of them twice that day, seats known of 80 percent."),
    (GOOD[:4] + [_turn("N4", 1)], True, "A good day was stopped, and all of its seats are known."),
    (OLD, True, "Rows whose newest hour is 35 hours old were stopped, and 36 are promised."),
    ([_turn("N1", 3)] + [_turn(f"N{n}", 2, "DL") for n in range(2, 9)], True,
     "A good day was stopped: seven aircraft of one airline, in one hour."),
    (GOOD + [_turn("N1", 3, "DL")], False,
     "An aircraft comes twice in one hour, with two airlines, and was let through: tailnum and hour together name a row."),
    (GOOD + [_turn(None, 5)], False, "A row without a tailnum was let through. Every row has one."),
    (GOOD + [{**_turn("N9", 5), "hour": None}], False, "A row without an hour was let through. Every row has one."),
    (GOOD + [_turn("N9", 5, None)], False, "A row without an airline was let through. Every row has one."),
    (GOOD + [_turn("N9", 5, "ua")], False, "The airline 'ua' was let through. The airlines are UA, DL and B6."),
    (GOOD + [_turn("N9", 5, "AA")], False, "The airline 'AA' was let through. The airlines are UA, DL and B6."),
    (GOOD + [_turn("N9", 5, "UA", "149")], False, "Seats of '149', a text, were let through. Seats are a whole number."),
    (GOOD + [_turn("N9", 5, "UA", 149.5)], False, "149.5 seats were let through. Seats are a whole number."),
    (GOOD + [_turn("N9", 5, "UA", None)], False,
     "Rows with seats in 4 of 6 were let through, and 80 percent are promised: a matter of an objective."),
    ([{**row, "hour": row["hour"] - timedelta(hours=2)} for row in OLD], False,
     "Rows whose newest hour is 37 hours old were let through, and at most 36 are promised: a matter of an objective."),
    ([{name: value for name, value in row.items() if name != "seats"} for row in GOOD], False,
     "Rows without a column seats were let through. A column that is promised has to be there."),
    ([{**row, "hour": str(row["hour"])} for row in GOOD], False,
     "Hours as texts were let through. An hour is a moment: a timestamp."),
    ([{**row, "tailnum": number} for number, row in enumerate(GOOD)], False,
     "Tail numbers that are integers were let through. A tail number is a text.")]


# --- exercise 2: rows with card numbers, and what a check of them should find
def bare(value) -> bool:
    """Whether a value is a card number in clear: a text of 13 to 19 digits, spaces and hyphens aside."""
    digits = value.replace(" ", "").replace("-", "") if isinstance(value, str) else ""
    return digits.isascii() and digits.isdigit() and 13 <= len(digits) <= 19


def star(value):
    """The value with each of its digits but the last four as *; None stays."""
    if value is None:
        return None
    left = sum(letter.isdigit() for letter in value) - 4
    out = ""
    for letter in value:
        out += "*" if letter.isdigit() and left > 0 else letter
        left -= letter.isdigit()
    return out


def contract(*columns, tagged=()) -> dict:
    """A contract with these columns, those of `tagged` with the tag pii."""
    made = [{"name": name, "logicalType": "string", **({"tags": ["pii"]} if name in tagged else {})} for name in columns]
    return {"name": "payments", "domain": "sales", "schema": [{"name": "payments", "properties": made}]}


PAID = contract("id", "card", "note", tagged=["card"])
LEAKS = [  # contract, rows, what is found, and what is told
    (PAID, [{"id": "p1", "card": "4556737586899855", "note": "gate 4"}], {"card"},
     "A card number of 16 digits stands in the column card, in clear."),
    (PAID, [{"id": "p1", "card": "************9855", "note": "gate 4"}], set(), "Only the last four digits are left: no leak."),
    (PAID, [{"id": "p1", "card": "************9855", "note": "4556-7375-8689-9855"}], {"note"},
     "A card number stands in the column note, which is not tagged. Whoever typed it did not ask the contract."),
    (PAID, [{"id": "p1", "card": "4556 7375 8689 9855", "note": None}], {"card"},
     "Spaces between the digits do not hide a card number."),
    (PAID, [{"id": "p1", "card": None, "note": None}, {"id": "p2", "card": "4556737586899855", "note": "x"}], {"card"},
     "The first row has no card, the second one has it in clear. Look at all rows."),
    (PAID, [], set(), "There are no rows, so nothing leaks."),
    (PAID, [{"id": "201307081230", "card": None, "note": "x"}], set(), "12 digits are no card number: those have 13 to 19."),
    (PAID, [{"id": "4556737586899", "card": None, "note": "x"}], {"id"}, "13 digits are a card number."),
    (PAID, [{"id": "p1", "card": "4556737586899855123", "note": "x"}], {"card"}, "19 digits are a card number."),
    (PAID, [{"id": "45567375868998551234", "card": None, "note": "x"}], set(),
     "20 digits are no card number: those have 13 to 19."),
    (PAID, [{"id": "A4556737586899855", "card": None, "note": "x"}], set(),
     "A value with a letter is no card number: it is digits, spaces and hyphens."),
    (PAID, [{"id": "4556737586899855", "card": "4556737586899855", "note": "4556737586899855"}], {"id", "card", "note"},
     "Card numbers stand in three columns, each of which should be named.")]
MASKS = [
    (PAID, [{"id": "p1", "card": "4556737586899855", "note": "gate 4"}],
     "Of the card 4556737586899855 the last four digits stay."),
    (PAID, [{"id": "p1", "card": "4556-7375-8689-9855", "note": "x"}], "Hyphens stay where they are: ****-****-****-9855."),
    (PAID, [{"id": "p1", "card": None, "note": "x"}, {"id": "p2", "card": "4556737586899855", "note": "x"}],
     "A card that is None stays None, and the row stays."),
    (PAID, [{"id": "4556737586899", "card": "4556737586899855", "note": "gate 12345"}],
     "Columns that the contract does not tag stay as they are, whatever they hold."),
    (contract("id", "card", "holder", tagged=["card", "holder"]),
     [{"id": "p1", "card": "4556737586899855", "holder": "880-123"}],
     "Two columns are tagged pii, and both are masked: of 880-123 the digits 0123 stay."),
    (contract("id", "card", "holder", tagged=["holder"]), [{"id": "p1", "card": "x", "holder": "12"}],
     "A tagged value of two digits has no digits but the last four: it stays."),
    (PAID, [], "No rows give no rows."),
    (contract("id", "card"), [{"id": "p1", "card": "4556737586899855"}], "No column is tagged, so nothing is masked.")]


def mask(agreed: dict, rows: list) -> list:
    """The rows, tagged columns masked."""
    tagged = {column["name"] for column in agreed["schema"][0]["properties"] if "pii" in column.get("tags", ())}
    return [{name: star(value) if name in tagged else value for name, value in row.items()} for row in rows]
