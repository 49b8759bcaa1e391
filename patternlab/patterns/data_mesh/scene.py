"""The world around pattern 13: what operations report, the contracts that are handed in, the clock, the matrix' picture."""
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlparse

import pandas as pd
import yaml

from ...flights import SLICES, days, timed
from .contract import HERE, columns, keys, meanings

REPORT = "key STRING, origin STRING, tailnum STRING, hour TIMESTAMP, dep_delay INT"


def reports(slice) -> list:
    """What operations' own system says of each scheduled departure, a dict as in REPORT; None: no aircraft, or cancelled."""
    flown = timed(slice)
    flown["hour"] = flown.time_hour.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    flown["dep_delay"] = flown.dep_delay.astype("Int64")
    told = flown[[field.split()[0] for field in REPORT.split(", ")]].astype(object)
    return told.where(told.notna(), None).to_dict("records")


def station_days(slice) -> tuple:
    """The days of which the weather stations tell: those of the slice and the one before, where 2013 has one."""
    first, last = days(slice)
    return max(first - timedelta(days=1), SLICES["year"][0]), last


def evening(slice) -> str:
    """The moment at which the lesson looks at its data: midnight in New York after the slice's last day, as UTC text."""
    midnight = pd.Timestamp(days(slice)[1] + timedelta(days=1), tz="America/New_York")
    return midnight.tz_convert("UTC").strftime("%Y-%m-%d %H:%M:%S")


def draft(name: str) -> dict:
    """The contract that a domain hands in: aircraft, conditions, turns or turns-2 (contracts/*.yaml)."""
    return yaml.safe_load((HERE / "contracts" / f"{name}.yaml").read_text(encoding="utf-8"))


def listed(shelf: dict) -> pd.DataFrame:
    """A catalogue {port: its contract and more} as a table: port, owner, contract, columns (*: of the key), objectives."""
    rows = []
    for port, entry in shelf.items():
        contract = entry["contract"]
        names = [f"{name}{'*' * (name in keys(contract))}" for name in meanings(contract)]
        slos = [f"{sla['property']} {sla['value']} {sla['unit']}" for sla in contract["slaProperties"]]
        rows.append({"port": port, "owner": contract["team"]["name"], "contract": contract["version"],
                     "columns": ", ".join(names), "objectives": ", ".join(slos).replace("percent", "%")})
    return pd.DataFrame(rows)


def listed_columns(contract: dict) -> pd.DataFrame:
    """The columns of a contract as a table: column, type, required, description."""
    return pd.DataFrame([{"column": column["name"], "type": column["logicalType"], "description": column.get("description"),
                          "required": column.get("required", False)} for column in columns(contract)])


def by_team(logs: list) -> dict:
    """{team: versions that it has published} of the ports' logs (rows with userMetadata); with the centre, whatever it has."""
    found = {"the centre": 0}
    for row in (row for log in logs for row in log):
        team = json.loads(row.userMetadata)["contract"]["team"]["name"]
        found[team] = found.get(team, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def folders(frame) -> set:
    """The folders of the files that a Spark frame reads, as paths."""
    return {str(Path(unquote(urlparse(file).path)).parent) for file in frame.inputFiles()}


def spoiled(departures) -> dict:
    """Versions of a Spark frame of departures that should not be published: {what happened: the frame}."""
    others = "* EXCEPT (origin, hour)"
    wrong = {"one airport lost, two misspelt": (others, "hour", "lower(nullif(origin, 'EWR')) AS origin"),
             "three days old": (others, "origin", "hour - INTERVAL 3 DAYS AS hour")}
    return {"two rows again": departures.union(departures.limit(2)),
            **{what: departures.selectExpr(*taken) for what, taken in wrong.items()}}


def matrix(shelf: dict, policies: dict, first_try: dict, title: str):
    """Products against policies: a box each says whether it holds, or was mended (first_try: {product: what was refused})."""
    import matplotlib.pyplot as plt                        # here, because the lab draws nothing

    from ...figures import BLACK, GREEN, ORANGE
    ax = plt.subplots(figsize=(9, 0.62 * len(shelf) + 1.5))[1]
    for row, (port, entry) in enumerate(shelf.items()):
        for place, (policy, holds) in enumerate(policies.items()):
            refused = policy in first_try.get(port.split(".")[1], "")
            said = ("mended" if refused else "holds") if holds(entry["contract"]) else "broken"
            ax.barh(row, 0.92, 0.78, left=place - 0.46, color=GREEN if said == "holds" else ORANGE, alpha=0.55,
                    hatch="" if said == "holds" else "///", edgecolor="white", linewidth=0)
            ax.text(place, row, said, ha="center", va="center", color=BLACK, fontsize=11)
    ax.set_yticks(range(len(shelf)), list(shelf))
    ax.set_xticks(range(len(policies)), list(policies))
    ax.set(title=title, xlabel="policy", xlim=(-0.6, len(policies) - 0.4))
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.tick_params(length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    return ax
