"""What the notebooks of pattern 12 count and time: the log, lags, what a play costs, and how copies differ from the board."""
import contextlib
import time
from pathlib import Path

import pandas as pd
import psycopg2

from .scene import play


def log_end() -> int:
    """How far the database's log has come, a number: the difference of two is bytes of log."""
    from ... import postgres
    return int(postgres().sql("select pg_current_wal_lsn() - '0/0' as lsn").lsn[0])


def log_size() -> int:
    """The megabytes of log that the server keeps after a checkpoint (files ready for later use do not count)."""
    from ... import postgres
    postgres().sql("checkpoint")
    kept = postgres().sql("""select sum(size) / 1e6 as mb from pg_ls_waldir()
        where name <= pg_walfile_name(pg_current_wal_lsn())""")
    return round(float(kept.mb[0]))


def cost(changes: list, tick=None) -> dict:
    """Play the changes: {'bytes of log': n, 'seconds': n} that it took."""
    from ... import postgres
    began = log_end()
    seconds = play(postgres().dsn, changes, tick=tick)
    return {"bytes of log": log_end() - began, "seconds": seconds}


def milliseconds(work, *given) -> float:
    """How long `work(*given)` takes, once."""
    began = time.perf_counter()
    work(*given)
    return (time.perf_counter() - began) * 1000


def noise(rounds: int, rows: int = 40_000) -> None:
    """Write a table of `rows` long rows and drop it, `rounds` times: about 20 MB of log each."""
    from ... import postgres
    for _ in range(rounds):
        postgres().sql("create table noise as select n, repeat('x', 500) from generate_series(1, %s) n", rows)
        postgres().sql("drop table noise")


def lives(changes: list) -> dict:
    """{key: [op, op, ...]} of changes (dicts with `key` and `op`), in their order."""
    return pd.DataFrame(changes).groupby("key").op.agg(list).to_dict()


def on_board() -> dict:
    """{key: updated_at} of the departure board now."""
    from ... import postgres
    found = postgres().sql("select key, updated_at from departure_board")
    return dict(zip(found.key, found.updated_at))


def compared(copy: dict, board: "dict | None" = None) -> dict:
    """How a copy {key: updated_at} differs from the board (None: as it is now): {'missing': n, 'ghosts': n, 'stale': n}."""
    board = on_board() if board is None else board
    return {"missing": len(board.keys() - copy.keys()), "ghosts": len(copy.keys() - board.keys()),
            "stale": sum(copy[key] != board[key] for key in board.keys() & copy.keys())}


def told(way: str, topic: str) -> dict:
    """The gates that table `boarding` has of a way against the keys in the topic: {'committed': n, 'lost': n, 'invented': n}."""
    from ... import kafka, postgres
    heard = set(kafka().peek(topic, 10_000).key.str.strip('"')) - {"test"}
    done = set(postgres().sql("select key from boarding where way = %s", way).key) - {"test"}
    return {"committed": len(done), "lost": len(done - heard), "invented": len(heard - done)}


def lags(topic: str, n: int, change) -> pd.Series:
    """Milliseconds from just before `change(number)` to its message in a consumer's hands, for `n` changes in turn."""
    from kafka import KafkaConsumer, TopicPartition

    from ... import kafka
    consumer = KafkaConsumer(bootstrap_servers=kafka().bootstrap, fetch_max_wait_ms=10, enable_auto_commit=False)
    ends = {TopicPartition(topic, part): offset for part, offset in kafka().end_offsets(topic).items()}
    consumer.assign(list(ends))
    for part, offset in ends.items():                       # from here on: new messages only
        consumer.seek(part, offset)
    found = []
    for number in range(n):
        began = time.perf_counter()
        change(number)
        while not consumer.poll(timeout_ms=1000) and time.perf_counter() < began + 10:
            pass
        found.append((time.perf_counter() - began) * 1000)
    consumer.close()
    return pd.Series(found)


def enlarged(dsn: str, board: pd.DataFrame, folder: Path, rows: int = 300_000) -> tuple:
    """The board many times over, in two shapes: the PostgreSQL table `archive`, and Parquet files as an Arrow dataset.

    Columns: key ("flight/number"), carrier, dest, status, slip (seconds). Returns (dataset, rows).
    """
    import pyarrow as pa
    import pyarrow.dataset as ds
    times = max(1, rows // len(board))
    with contextlib.closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("""create table archive as select key || '/' || n as key, carrier, dest, status,
            extract(epoch from estimate - scheduled)::int as slip from departure_board cross join generate_series(1, %s) n""",
                       (times,))
        cursor.execute("alter table archive add primary key (key); analyze archive")
    part = board[["key", "carrier", "dest", "status"]].assign(slip=(board.estimate - board.scheduled).dt.total_seconds())
    many = pd.concat([part.assign(key=part.key + f"/{n}") for n in range(1, times + 1)])
    ds.write_dataset(pa.Table.from_pandas(many, preserve_index=False), folder, format="parquet",
                     existing_data_behavior="delete_matching")
    return ds.dataset(folder, format="parquet"), len(many)
