"""What stands in a contract, read out of its dict, and refusals: for pattern 13, so that the lesson need not dig in YAML."""
import json
from pathlib import Path

TYPES = {"integer": ("int", "bigint"), "number": ("int", "bigint", "double")}       # of Spark; others have the same name

HERE = Path(__file__).parent


class Refused(Exception):
    """What was asked for breaks a form, a policy or a promise; the text says which."""


def refuse(reasons) -> None:
    """Raise Refused with these reasons (texts); nothing where there are none."""
    found = list(reasons)
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
            return str(rule["arguments"]["validValues"])[1:-1]
    return ""


def objectives(contract: dict) -> list:
    """(property, column, value) of each service level objective."""
    return [(sla["property"], sla["element"].split(".")[1], sla["value"]) for sla in contract.get("slaProperties", [])]


def wrong_columns(dtypes: list, contract: dict) -> list:
    """What is wrong with a frame's columns (name, Spark's type), as texts: those that lack or have another type."""
    has = dict(dtypes)
    return [f"{column['name']}: {column['logicalType']} wanted, {has.get(column['name'], 'nothing')} found"
            for column in columns(contract)
            if has.get(column["name"]) not in TYPES.get(column["logicalType"], (column["logicalType"],))]


def address(mesh: Path, contract: dict) -> str:
    """The folder of a product's output port: domain/name in the folder of the mesh."""
    return str(mesh / contract["domain"] / contract["name"])


def said(promises) -> list:
    """Promises (name, SQL, most) as rows of a table."""
    return [{"promise": name, "SQL": sql, "at most": most} for name, sql, most in promises]
