"""The world around pattern 08: the legs of aircraft as a log, a plain replay of it, one aircraft drawn, a day of payments."""
from datetime import date, datetime
from operator import itemgetter
from types import SimpleNamespace

import pandas as pd
from pyspark.sql import Row

from ...engines import running
from ...flights import events, rows
from .truth import COLUMNS, STRATEGIES

MINUTE = 60_000                                     # milliseconds
ROCKS = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
# transformWithState keeps its state in RocksDB only; two partitions use both cores
STATE = {"spark.sql.shuffle.partitions": 2, "spark.sql.streaming.stateStore.providerClass": ROCKS}
PAYDAY = (date(2013, 7, 8), date(2013, 7, 8))       # the payments are of one week in July, whatever slice is asked for
MATCH = ["tailnum", "first", "second", "at", "strategy", "decided"]
Match, Caught = Row(*MATCH), Row("id", "card")      # transformWithState refuses rows without names
DELAYS = {"departed": "dep_delay", "arrived": "arr_delay"}


# --- the log
def millis(text: str) -> int:
    """A UTC text such as "2013-07-08T10:00:00Z" as milliseconds."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def legs(slice) -> list:
    """Departures and arrivals of known aircraft in order of arrival: key, tailnum, kind, at (ms), delay (minutes), arrival."""
    made = [{"key": event["key"], "tailnum": event["tailnum"], "kind": kind, "at": millis(event["occurred"]),
             "delay": int(event[delay]), "arrival": event["arrival"]}
            for kind, delay in DELAYS.items() for event in events(kind, slice) if event["tailnum"]]
    return by_arrival(made)


def by_kind(log) -> tuple:
    """(arrivals, departures) of a log, each in order of arrival."""
    return tuple([event for event in log if event["kind"] == kind] for kind in ("arrived", "departed"))


def by_arrival(events) -> list:
    """The events in order of arrival."""
    return sorted(events, key=itemgetter("arrival"))


def by_hand(*texts) -> list:
    """Events of one aircraft on 8 July, each from a text "10:00 arrived A 45": when, kind, flight, minutes of delay."""
    made = []
    for clock, kind, flight, delay in map(str.split, texts):
        text = f"2013-07-08T{clock}:00Z"
        made.append({"key": flight, "tailnum": "N1", "kind": kind, "at": millis(text), "delay": int(delay), "arrival": text})
    return made


def clock(log) -> dict:
    """The event that ends a log: two days on, of no aircraft. Without a later event no watermark would pass the last ones."""
    at = max(event["at"] for event in log) + 2880 * MINUTE
    return {"key": "clock", "tailnum": "clock", "kind": "clock", "at": at, "delay": 0}


def short(event: dict) -> tuple:
    """(at, kind, key, delay) of an event: tuples sort in the order (occurred, kind, key)."""
    return event["at"], event["kind"], event["key"], event["delay"]


# --- without Spark
def replayed(log, advance, patience=1, per_batch=50):
    """What a stream does with `advance`, in plain Python: a batch of the log, then the watermark, newest minus `patience`.

    Returns .found, a frame of tailnum, first, second, at, strategy, decided (the newest event when it was said; null where
    only the clock that ends the log let it be said), and .open, how many runs are open after each watermark, by the hours
    since the log's first event. An event that is not after the watermark is dropped, as Spark drops it.
    """
    planes, found, opened, now, newest = {}, [], {}, 0, 0
    log, end = [*log, clock(log)], clock(log)["at"]
    for begin in range(0, len(log), per_batch):
        for event in log[begin:begin + per_batch]:
            newest = max(newest, event["at"])
            if event["at"] > now and event["kind"] != "clock":
                planes.setdefault(event["tailnum"], ([], []))[0].append(short(event))
        now = max(now, newest - patience * MINUTE)
        for tail, (waiting, open) in planes.items():
            if waiting or open:
                waiting, open, new = advance(waiting, open, now)
                planes[tail] = waiting, open
                found += [(tail, *match, newest if newest < end else None) for match in new]
        opened[round((now - log[0]["at"]) / (60 * MINUTE), 1)] = sum(len(open) for _, open in planes.values())
    return SimpleNamespace(found=matches(found), open=pd.Series(opened).iloc[:-1])


def matches(rows) -> pd.DataFrame:
    """Tuples (tailnum, first, second, at, strategy), or with one thing more, as a frame."""
    return pd.DataFrame(rows).reindex(columns=range(len(MATCH))).set_axis(MATCH, axis=1)


def backwards(events) -> list:
    """The events as `short` has them, the last one first."""
    return [short(event) for event in reversed(events)]


def walked(events, step) -> pd.DataFrame:
    """A story: each event, the runs of `step` after it, and what was found, a row an event."""
    begun, lines = [], []
    for event in events:
        begun, found = step(begun, short(event))
        lines.append({"event": f"{event['key']} {event['kind']}",
                      "runs": ", ".join(f"{name} {state}" for _, name, state in begun),
                      "found": ", ".join(f"{first}-{second} {strategy}" for first, second, _, strategy in found)})
    return pd.DataFrame(lines)


def pairs(found, strategy=None) -> set:
    """The sequences of a frame as a set: (first, second) of one strategy, or (first, second, strategy) of all."""
    found = found.astype(object).where(found.notna(), None)
    if strategy is None:
        return set(zip(found["first"], found["second"], found["strategy"]))
    found = found[found["strategy"] == strategy]
    return set(zip(found["first"], found["second"]))


def beside(sides: dict) -> pd.DataFrame:
    """{side: matches}: how many sequences each side has, a row a strategy."""
    counts = {side: found["strategy"].value_counts() for side, found in sides.items()}
    return pd.DataFrame(counts).reindex(STRATEGIES).fillna(0).astype(int).rename_axis("strategy")


def sequences(found) -> pd.DataFrame:
    """A frame of matches as truth("sequences") has them; nothing else of it."""
    return found[COLUMNS]


def wrong(found, right) -> dict:
    """How many pairs a frame has too much or too few, by strategy."""
    return {name: len(pairs(found, name) ^ pairs(right, name)) for name in STRATEGIES}


def table(folder) -> pd.DataFrame:
    """A Delta table as a pandas frame."""
    return running.session().read.format("delta").load(str(folder)).toPandas()


def price(runs: dict, right) -> pd.DataFrame:
    """{patience: replay} against the truth: what is missing, false alarms, the median wait for an answer, a row each."""
    table = {}
    for patience, run in runs.items():
        said, wanted = pairs(run.found), pairs(right)
        wait = (run.found["decided"] - run.found["at"]).dropna().median() / MINUTE
        table[patience] = {"pairs missing": sum(name != "never" for *_, name in wanted - said),
                           "false alarms": sum(name == "never" for *_, name in said - wanted), "minutes to the answer": wait}
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("patience (min)")


# --- one aircraft, drawn
def drawn(log, found) -> tuple:
    """The aircraft whose late arrival is in the most sequences, if possible none of them strict: (title, spans).

    A lane has its flights, one more each sequence, from arrival to departure. Without any sequence: the busiest aircraft.
    """
    moments = {(event["key"], event["kind"]): event["at"] for event in log}
    matched = found[found["strategy"] != "never"].sort_values(["first", "at"])
    tails = pd.Series([event["tailnum"] for event in log]).value_counts()
    tail, begin, end, spans = tails.index[0], 0, float("inf"), []
    if len(matched):
        sizes = pd.crosstab(matched["first"], matched["strategy"]).reindex(columns=STRATEGIES, fill_value=0)
        first = sizes.sort_values(["any", "strict"], ascending=[False, True], kind="stable").index[0]
        chosen = matched[matched["first"] == first]
        tail = chosen["tailnum"].iloc[0]
        begin, end = moments[first, "arrived"], chosen["at"].max() + 60 * MINUTE
    for event in log:
        left, landed = moments.get((event["key"], "departed")), moments.get((event["key"], "arrived"))
        if event["tailnum"] == tail and event["kind"] == "departed" and landed and left <= end and landed >= begin:
            spans.append(("flights", left, landed, _number(event["key"])))
    if len(matched):
        for name in STRATEGIES:
            for number, row in enumerate(chosen[chosen["strategy"] == name].itertuples()):
                spans.append((name + " " * number, begin, row.at, f"{_number(first)}, then {_number(row.second)}"))
    many = sum(lane.strip() == "any" for lane, *_ in spans)
    title = (f"{tail}: one late arrival, {many} late departure{'s' * (many != 1)} within 12 hours" if many
             else f"{tail}, as every aircraft: no late departure within 12 hours of a late arrival")
    return title, [(lane, pd.Timestamp(begin, unit="ms"), pd.Timestamp(end, unit="ms"), said)
                  for lane, begin, end, said in spans]


def _number(key: str) -> str:
    return key.split("/")[2]


# --- payments
def payday(folder) -> str:
    """The payments of PAYDAY as a folder with one Parquet file: id, card, at (ms), amount; the last is a clock's, a day on."""
    paid = rows("payments", PAYDAY)
    at = paid["at"].astype("int64") // 1000
    paid = paid.assign(at=at)
    paid.loc[len(paid)] = {"id": "clock", "card": "clock", "at": int(at.max()) + 1440 * MINUTE, "amount": 0.0}
    folder.mkdir(parents=True, exist_ok=True)
    paid.to_parquet(folder / "payments.parquet")
    return str(folder)


def frauds() -> set:
    """The ids of PAYDAY's frauds: from the labels, which no detector may see."""
    return set(rows("payments_labels")["id"]) & set(rows("payments", PAYDAY)["id"])
