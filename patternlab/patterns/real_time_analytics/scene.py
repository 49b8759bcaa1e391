"""The world around pattern 16: departures of the past and those that come live, tables filled at once, the figure."""
import io
import json
import time

import numpy as np
import pandas as pd
import psycopg2

from ...flights import days
from .truth import EVERY, LIVE, MORE, flown

BEHIND = 20                            # a correction comes so many events after what it corrects
KEPT = {"key": "key", "hour": "hour", "origin": "origin", "dest": "dest", "tailnum": "tailnum", "dep_delay": "delay"}


def split(slice) -> tuple:
    """(history, live): departures of the slice that have been processed, a frame, and what will come, a list of events.

    Live are the last 200 departures (of a small slice: its second half), in order, and among them corrections:
    version 2 of every 10th, 20 events later, with 20 minutes more. A departure has version 1.
    """
    left = flown(days(slice))
    first = len(left) - min(LIVE, len(left) // 2)
    history = left.iloc[:first][list(KEPT)].rename(columns=KEPT)
    history.insert(1, "version", 1)
    rows = left.iloc[first:]
    rows = rows.assign(scheduled=rows.scheduled.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    names = ["key", "scheduled", "origin", "dest", "tailnum", "dep_delay"]
    plain = rows[names].astype(object).where(rows[names].notna(), None)
    events = [{**event, "version": 1} for event in plain.to_dict("records")]
    placed = [(at, event) for at, event in enumerate(events)]
    placed += [(at + BEHIND + 0.5, {**event, "version": 2, "dep_delay": event["dep_delay"] + MORE})
               for at, event in enumerate(events) if at % EVERY == 0]
    return history, [event for _, event in sorted(placed, key=lambda pair: pair[0])]


def parquet(history: pd.DataFrame, folder) -> str:
    """The history as a Parquet file in `folder`, as yesterday's job has left it: its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "history.parquet"
    history.to_parquet(path, index=False)
    return str(path)


def desk_at(store):
    """An empty database, and a connection to it. Whoever waits there ten seconds for a lock is told so."""
    store.empty()
    store.sql(f"alter database \"{store.database}\" set lock_timeout = '10s'")
    return psycopg2.connect(store.dsn)


def copied(desk, table: str, frame: pd.DataFrame) -> int:
    """The rows of a frame into a table of PostgreSQL, by COPY, in one transaction; its columns are taken by name."""
    import pyarrow
    import pyarrow.csv
    with desk, desk.cursor() as cursor:
        cursor.execute(f"select * from {table} limit 0")
        names = [column.name for column in cursor.description]
        content = io.BytesIO()
        rows = pyarrow.Table.from_pandas(frame[names], preserve_index=False)
        pyarrow.csv.write_csv(rows, content, pyarrow.csv.WriteOptions(include_header=False))
        content.seek(0)
        cursor.copy_expert(f"copy {table} from stdin (format csv)", content)
    return len(frame)


def delta_table(path: str):
    """A Delta table as DuckDB can read it: delta-rs reads its log, and names the files that belong to it."""
    from deltalake import DeltaTable
    return DeltaTable(path).to_pyarrow_dataset()


def topics(bus, name: str) -> tuple:
    """Two empty topics of one partition, the one that a query reads and the one that it writes: their names."""
    return bus.topic(name), bus.topic(f"{name}-out")


def aged(messages: list) -> list:
    """Seconds since each of these messages was sent; of one that says no moment, nothing."""
    now = time.time()
    return [now - message["sent"] for message in messages if "sent" in message]


def ages(runs: dict) -> pd.DataFrame:
    """{name: seconds, one number an event} as rows: the age of half of the events, of 99 in 100, of the oldest (ms)."""
    return pd.DataFrame([(name, *np.quantile(seconds, [.5, .99, 1]) * 1000) for name, seconds in runs.items()],
                        columns=["events", "p50 ms", "p99 ms", "oldest ms"])


def tuples(messages: list, *names: str) -> list:
    """These fields of each message, in order: what an executemany with ? takes."""
    return [tuple(message[name] for name in names) for message in messages]


def messages_of(bus, topic: str) -> list:
    """All messages of a topic, in order, as dicts."""
    return [json.loads(text) for text in bus.peek(topic, 1_000_000).value]


def slowest_of(milliseconds, questions: int) -> np.ndarray:
    """What pages wait that ask so many questions at once: of each run of so many measured latencies, the slowest."""
    pages = max(1, len(milliseconds) // questions)
    kept = np.resize(milliseconds, pages * questions)
    return kept.reshape(pages, questions).max(axis=1)


def as_spark(*events) -> list:
    """What the query of this lesson makes of live events: key, version, origin, hour, delay."""
    return [{**{name: event[name] for name in ("key", "version", "origin")}, "hour": event["scheduled"][:13],
             "delay": event["dep_delay"]} for event in events]


def by_store(loads: dict) -> pd.DataFrame:
    """Queries a second of {"what in rows" or "what in columns": Load}: a row for each what, a column for each store."""
    found = pd.Series({tuple(name.split(" in ")): load.per_second for name, load in loads.items()})
    return found.unstack()[["rows", "columns"]].loc[list(dict.fromkeys(what for what, _ in found.index))]


def three(ways: dict, title: str):
    """{name: (seconds of age, Load)}: a row of bars for each way, under three headings.

    Each heading has a scale of its own, a logarithm.
    """
    import matplotlib.pyplot as plt

    from ...figures import BLUE, label
    found = {name: (np.quantile(age, .99) * 1000, np.quantile(load.milliseconds, .99), load.per_second)
             for name, (age, load) in ways.items()}
    heads = ["freshness, p99 ms", "latency, p99 ms", "queries a second"]
    designs = pd.DataFrame.from_dict(found, orient="index", columns=heads)
    figure, panels = plt.subplots(1, len(heads), figsize=(9.6, 0.62 * len(designs) + 1.5), sharey=True)
    for panel, (name, values) in zip(panels, designs.items()):
        panel.barh(range(len(values)), values, 0.62, color=BLUE)
        panel.set_xscale("log")
        panel.set_xlim(values.min() / 3, values.max() * 12)
        for at, value in enumerate(values):
            label(panel, value, at, f"{value:,.0f}" if value >= 10 else f"{value:,.1f}")
        panel.set_title(name, fontsize=11, fontweight="normal")
        panel.grid(visible=False)
        panel.set_xticks([])
        panel.minorticks_off()
        panel.spines["bottom"].set_visible(False)
    panels[0].set_yticks(range(len(designs)), list(designs.index))
    panels[0].invert_yaxis()
    figure.suptitle(title, x=0.01, ha="left", fontsize=13, fontweight="bold")
