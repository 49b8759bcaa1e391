"""What stands in a contract, read out of its dict, and refusals: for pattern 13, so that the lesson need not dig in YAML."""
import json
import re
from pathlib import Path

TYPES = {"integer": ("int", "bigint"), "number": ("int", "bigint", "double")}       # of Spark; others have the same name
VALUES = {"integer": [int], "number": [int, float], "boolean": [bool]}              # of Python; of other columns texts
UNITS = {"latency": "h", "completeness": "percent"}                                 # of objectives that can be run

HERE = Path(__file__).parent


class Refused(Exception):
    """What was asked for breaks a form, a policy or a promise; the text says which."""


def refuse(reasons) -> None:
    """Raise Refused with these reasons (texts); nothing where there are none."""
    found = list(dict.fromkeys(reasons))
    if found:
        raise Refused("; ".join(found))


def refusal(call, *args) -> str:
    """What `call(*args)` was refused for (or which error Spark had with its columns), a text; empty where it went through."""
    try:
        call(*args)
    except Refused as refused:
        return str(refused)
    except Exception as error:
        if type(error).__name__ != "AnalysisException":    # Spark's, which is not imported for it: the lab has no Spark
            raise
        return f"dead, {error.getCondition()}"
    return ""


def odcs() -> dict:
    """The JSON Schema of the Open Data Contract Standard; where it comes from: odcs/README.md."""
    return json.loads((HERE / "odcs" / "schema.json").read_text(encoding="utf-8"))


def told(error) -> str:
    """An error of ODCS' schema in one line: where it is, and what is wrong."""
    if error.message.startswith("'map' is"):               # so the schema says it of a column that says nothing of its type
        return f"{error.json_path}: a logicalType is missing"
    message = error.message if len(error.message) <= 110 else f"{error.message[:110]} ..."
    return f"{error.json_path}: {message}"


def unrunnable(contract: dict) -> list:
    """What this platform can't place, or can't run, in a contract that is well formed, as texts; empty where there is nothing."""
    found = [f"{part}: a word wanted, {contract.get(part)!r} found" for part in ("domain", "name")
             if not re.fullmatch(r"\w+", str(contract.get(part) or ""))]
    if not isinstance(contract.get("team", {}), dict):
        found.append("team: a name wanted, a list found")
    tables = contract.get("schema") or []
    if len(tables) != 1 or not tables[0].get("properties"):
        return [*found, "schema: one table with columns wanted"]
    for column in columns(contract):
        found += [f"{column['name']}: {word} can't be run" for word in ("unique", "logicalTypeOptions") if column.get(word)]
        for rule in column.get("quality", []):
            found += [f"{column['name']}: {reason}" for reason in _unrunnable_rule(rule, column)]
    for sla in contract.get("slaProperties", []):
        found += [f"objective {sla['property']}: {reason}" for reason in _unrunnable_objective(sla, contract)]
    return found


def _unrunnable_rule(rule: dict, column: dict):
    if rule.get("metric") != "invalidValues" or rule.get("mustBe") != 0:
        asked = ", ".join(f"{word} {value}" for word, value in rule.items() if word != "arguments")
        yield f"only the metric invalidValues that mustBe 0 can be run, not {asked}"
        return
    for value in (rule.get("arguments") or {}).get("validValues") or [None]:
        if type(value) not in VALUES.get(column.get("logicalType"), [str]):
            yield f"{value!r} among validValues is no {column.get('logicalType')} (a text like NO or 2013-01-01 needs quotes)"


def _unrunnable_objective(sla: dict, contract: dict):
    table, unit = contract["schema"][0]["name"], UNITS.get(sla["property"])
    if unit is None:
        yield "only latency and completeness can be run"
    elif sla.get("unit") != unit or type(sla.get("value")) not in (int, float):
        yield f"a number in {unit} wanted, {sla.get('value')!r} {sla.get('unit')} found"
    if sla.get("element") not in [f"{table}.{name}" for name in meanings(contract)]:
        yield f"{sla.get('element')} is no column of {table}"


def columns(contract: dict) -> list:
    """The columns of a contract's table, dicts as ODCS has them."""
    return contract["schema"][0]["properties"]


def keys(contract: dict) -> list:
    """The names of the columns that are the primary key together."""
    return [column["name"] for column in columns(contract) if column.get("primaryKey")]


def meanings(contract: dict) -> dict:
    """{name of a column: its description, None where it has none}."""
    return {column["name"]: column.get("description") for column in columns(contract)}


def allowed(column: dict) -> str:
    """The values that a column may have, as SQL's list; empty where any is good."""
    for rule in column.get("quality", []):
        if rule["metric"] == "invalidValues":
            return ", ".join(_literal(value) for value in rule["arguments"]["validValues"])
    return ""


def _literal(value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return str(value)


def objectives(contract: dict) -> list:
    """(property, column, value) of each service level objective."""
    return [(sla["property"], sla["element"].split(".")[1], sla["value"]) for sla in contract.get("slaProperties", [])]


def wrong_columns(dtypes: list, contract: dict) -> list:
    """What is wrong with a frame's columns (name, Spark's type), as texts: lacking, of another type, or not in the contract."""
    has = dict(dtypes)
    wrong = [f"{column['name']}: {column['logicalType']} wanted, {has.get(column['name'], 'nothing')} found"
             for column in columns(contract)
             if has.get(column["name"]) not in TYPES.get(column["logicalType"], (column["logicalType"],))]
    return wrong + [f"{name}: not in the contract" for name in has if name not in meanings(contract)]


def address(mesh: Path, contract: dict) -> str:
    """The folder of a product's output port: domain/name in the folder of the mesh."""
    return str(mesh / contract["domain"] / contract["name"])


def published(mesh: Path) -> list:
    """The folders of all ports in the folder of the mesh: those with a log, for a first publish may have died before it."""
    return sorted(log.parent for log in mesh.glob("*/*/_delta_log"))


def shown(value) -> str:
    """What was measured, in few digits; 'nobody knows' for nothing, as the age of no rows is."""
    return "nobody knows" if value is None else f"{round(value, 2):,}"


def said(promises) -> list:
    """Promises (name, SQL, most) as rows of a table."""
    return [{"promise": name, "SQL": sql, "at most": most} for name, sql, most in promises]
