"""An auditor of pattern 13: reads a contract's promises once more, in pandas, without the lesson's SQL."""
import pandas as pd


def audited(entry: dict, rows, now: str) -> str:
    """The promises in the contract of a catalogue's `entry` that `rows` (a pandas frame) breaks at the moment `now` (UTC), as
    one text; empty where all hold."""
    contract = entry["contract"]
    table, broken = contract["schema"][0], []
    keys = [column["name"] for column in table["properties"] if column.get("primaryKey")]
    if rows.duplicated(keys).any():
        broken.append(f"{keys} repeat")
    for column in table["properties"]:
        values = rows[column["name"]]
        if column.get("required") and values.isna().any():
            broken.append(f"{column['name']} has nulls")
        for rule in column.get("quality", []):
            if not values.dropna().isin(rule["arguments"]["validValues"]).all():
                broken.append(f"{column['name']} has a foreign value")
    broken += [f"{sla['property']} of {sla['element']}" for sla in contract["slaProperties"] if not _kept(sla, rows, now)]
    return "; ".join(broken)


def _kept(sla: dict, rows, now: str) -> bool:
    values = rows[sla["element"].split(".")[1]]
    if sla["property"] == "completeness":
        return 100 * values.notna().sum() >= sla["value"] * len(values)
    newest = pd.to_datetime(values, utc=True).max()
    return pd.Timestamp(now, tz="UTC") - newest <= pd.Timedelta(hours=sla["value"])
