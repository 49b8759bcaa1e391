"""The contest of pattern 17: it sends the day piece by piece, lets each architecture read, and keeps what is measured."""
import contextlib
import time
from dataclasses import dataclass, field

import pandas as pd
import psycopg2

from ...flights import days
from ...tables import look
from ...truth import truth
from ..cdc.around import settled
from . import scene
from .answers import COLUMNS, lines, off, plain


@dataclass
class Entry:
    """An architecture: its functions, the last of which answers, what it keeps, and what was seen of it."""
    functions: tuple
    topics: tuple
    relations: tuple
    stage: str                                             # when it first ran: midnight, hour or soon
    read: int = 0                                          # reports that were on the topic when it last ran
    seconds: float = 0.0                                   # of its last run
    answers: dict = field(default_factory=dict)            # {"now", "end", ...: frame of COLUMNS}
    measured: dict = field(default_factory=dict)


class Contest:
    """One day's reports, and who answers the question about them: departures and mean delay per scheduled hour and origin.

    `topic` has the reports, `clock` one late tick when all have come, the table `departed` of PostgreSQL a row a flight. Each
    architecture is a function of `since`, the number of reports that it has read: 0 says begin anew. `folder` is where its
    tables and checkpoints are, in a folder of its name.
    """

    def __init__(self, slice, bus, store, worker, folder):
        self.slice, self.log = days(slice), scene.reports_of(slice)
        self.at = scene.moments(self.log)
        self.bus, self.store, self.worker, self.folder = bus, store, worker, folder
        self.entries, self.sent, self.stage, self.seen = {}, 0, "", {}
        worker.delete("departed")
        store.empty()
        store.sql(scene.DEPARTED)
        self.topic, self.clock = (bus.topic(name) for name in ("departed-17", "clock-17"))
        self.with_clock = f"{self.topic},{self.clock}"
        self.tick = scene.tick_after(self.log, self.slice)
        self.changes, self._snapshot = scene.changes_topic("departed"), True
        scene.follow(worker, bus, store, "departed")        # a connector starts slowly: it is there when it is asked for

    # --- the day --------------------------------------------------------------------------------------------------------
    def until(self, moment: str) -> None:
        """Send what has come by `moment` (midnight, hour, soon, now, end), to the topic and into the database; says so.

        A moment that is past stays past: then nothing is sent.
        """
        order = list(self.at)
        if self.stage and order.index(moment) < order.index(self.stage):
            print(f"\"{moment}\" is past, it is \"{self.stage}\": the day is not played backwards. "
                  "To play it again, run the cells from look-log on.")
            return
        self._send(self.log[self.sent:self.at[moment]])
        self.stage = moment
        last = f", the newest at {self.log[self.sent - 1]['arrival']}" if self.sent else ""
        print(f"{self.sent:,} of {len(self.log):,} reports have come by \"{moment}\"{last}")

    def _send(self, reports: list) -> None:
        self.bus.send(self.topic, reports)
        if reports:
            scene.written(self.store, reports)
        self.sent += len(reports)

    @property
    def midnight(self) -> int:
        """How many reports had come by the last midnight: of the slice's end, all of them."""
        return self.at["end" if self.stage == "end" else "midnight"]

    def reports(self, since: int) -> list:
        """The reports on the topic from offset `since` on, as dicts."""
        return scene.since(self.bus, self.topic, since)

    @contextlib.contextmanager
    def desk(self):
        """A cursor of the database for a `with` block, which is one transaction."""
        with contextlib.closing(psycopg2.connect(self.store.dsn)) as connection, connection, connection.cursor() as cursor:
            yield cursor

    def followed(self, since: int) -> str:
        """The topic of the connector, which has all that is committed by now; for `since` 0 it begins with a snapshot.

        The first snapshot was taken when the contest began, and nothing had left.
        """
        if since == 0 and not self._snapshot:
            scene.follow(self.worker, self.bus, self.store, "departed")
        self._snapshot = False
        settled("departed")
        return self.changes

    # --- who takes part -----------------------------------------------------------------------------------------------
    def enter(self, name: str, *functions, topics=None, relations=()):
        """An architecture reads for the first time; `functions` are its code, and the last one, called with `since`, answers.

        `topics` (without a word: the log) and `relations` are what it needs kept outside its folder. Prints a line, and shows
        the first rows of its answer. RuntimeError when everybody has been asked already: its time to read is past.
        """
        if self.stage in ("now", "end"):
            raise RuntimeError(f"{name} reads before everybody is asked, and it is \"{self.stage}\" already. "
                               "To see what you changed through the whole day, run the cells from look-log on.")
        entry = Entry(functions, [self.topic] if topics is None else topics, relations, self.stage)
        answer = self._run(entry, 0)
        before = self.entries.get(name, entry).stage
        if before != self.stage:
            print(f"{name} has read at \"{self.stage}\" now, no longer at \"{before}\", and is compared by that.")
        self.entries[name] = entry
        print(f"{name}: {len(answer):,} rows, {int(answer.departures.sum()):,} departures, {entry.seconds:.1f} s")
        return look(answer, rows=3)

    def _run(self, entry: Entry, since: int, when: str = "") -> pd.DataFrame:
        """Its answer, which is kept under `when` (without a word: the moment that it is)."""
        begun = time.perf_counter()
        answer = entry.functions[-1](since)
        answer = answer.toPandas() if hasattr(answer, "toPandas") else answer
        entry.seconds, entry.read = time.perf_counter() - begun, self.sent
        entry.answers[when or self.stage] = plain(answer)
        return entry.answers[when or self.stage]

    def now(self) -> pd.DataFrame:
        """The newest reports come; who reads all the time reads them. A row each: what its answer holds now, and its age."""
        self.until("now")
        if self.stage == "end":
            return self.seen["now"]
        right, rows = self.truth("now"), {}
        for name, entry in self.entries.items():
            if entry.stage == "soon":
                self._run(entry, entry.read)
            answer = entry.answers["now"] = entry.answers[max(entry.answers, key=list(self.at).index)]
            few, many = off(answer, right)
            behind = self.behind(answer)
            age = entry.seconds if behind is None else behind
            entry.measured.update({"age at now, s": age, "too few now": few, "too many now": many})
            rows[name] = {"departures": int(answer.departures.sum()), "too few": few, "too many": many, "age, s": age}
        return self._shown("now", rows)

    def behind(self, answer: pd.DataFrame) -> "float | None":
        """Seconds between `now` and the arrival of the first report that an answer lacks; None where it lacks none."""
        left = dict(zip(zip(answer.hour, answer.origin), answer.departures))
        for report in self.log[:self.at["now"]]:
            cell = pd.Timestamp(report["scheduled"]).floor("h"), report["origin"]
            left[cell] = left.get(cell, 0) - 1
            if left[cell] < 0:
                newest = self.log[self.at["now"] - 1]["arrival"]
                return (pd.Timestamp(newest) - pd.Timestamp(report["arrival"])).total_seconds()
        return None

    def finish(self) -> pd.DataFrame:
        """The rest of the day comes, and midnight, and everybody reads it: a row each, with its last run's seconds."""
        if "end" in self.seen:
            print("The day has ended once, and this is what everybody answered. To play it again, run from look-log on.")
            return self.seen["end"]
        if "now" not in self.seen:
            self.now()
        self.until("end")
        self.bus.send(self.clock, [self.tick])
        on_topics = scene.topic_bytes(self.bus)
        right, rows = self.truth("end"), {}
        for name, entry in self.entries.items():
            few, many = off(self._run(entry, entry.read), right)
            kept = scene.folder_bytes(self.folder / name.lower()) + sum(map(on_topics.get, entry.topics))
            kept += sum(scene.relation_bytes(self.store, relation) for relation in entry.relations)
            entry.measured.update({"too few in the end": few, "too many in the end": many, "kB": kept / 1000})
            rows[name] = {"departures": int(entry.answers["end"].departures.sum()), "too few": few, "too many": many,
                          "seconds": entry.seconds}
        return self._shown("end", rows)

    def _shown(self, moment: str, rows: dict) -> pd.DataFrame:
        """The rows of a table, kept: a cell that is run again when the day has gone on shows what was seen."""
        self.seen[moment] = pd.DataFrame.from_dict(rows, orient="index").rename_axis("architecture").reset_index()
        return self.seen[moment]

    # --- what breaks ----------------------------------------------------------------------------------------------------
    def rebuild(self) -> dict:
        """Everybody forgets what it has and builds its answer again from its source: {architecture: answer}."""
        if self.sent > len(self.log):
            raise RuntimeError("The copies are on the topic already, and whoever builds anew would read them too. "
                               "To change the rule again, run the cells from look-log on.")
        made = {}
        for name, entry in self.entries.items():
            made[name] = self._run(entry, 0, "rebuilt")
            entry.measured["rebuild, s"] = entry.seconds
        return made

    def rebuilds(self) -> pd.DataFrame:
        """How many seconds each took to build its answer again, a row each."""
        seconds = {name: entry.measured["rebuild, s"] for name, entry in self.entries.items()}
        return pd.Series(seconds, name="rebuild, s").rename_axis("architecture").reset_index()

    def again(self, copies: list) -> pd.DataFrame:
        """Reports come once more, everywhere: a row each, with how many departures too many (or few) its answer has then.

        The same copies are sent once, however often the cell is run. RuntimeError for others.
        """
        if self.sent > len(self.log) and copies != self.copies:
            raise RuntimeError(f"Other copies are on the topic already, {len(self.copies):,} of them, and they would count as "
                               "well. To send these instead, run the cells from look-log on.")
        self.copies = copies
        self._send(copies[self.sent - len(self.log):])
        right, rows = self.truth("end"), {}
        for name, entry in self.entries.items():
            few, many = off(self._run(entry, entry.read, "copies"), right)
            entry.measured["doubled"] = many
            rows[name] = {"too few": few, "too many": many}
        return self._shown("copies", rows)

    # --- what is said of them -------------------------------------------------------------------------------------------
    def truth(self, moment: str, **more) -> pd.DataFrame:
        """The right answer for the reports that had come by a moment (midnight, hour, now, end)."""
        return truth("departures_so_far", self.slice, until=self.at[moment], **more)

    def knows(self, name: str) -> pd.DataFrame:
        """The right answer for the reports that an architecture could have read by `now`, on its own timetable.

        Of the windows it is the final answer, for the hours that they have published.
        """
        stage, right = self.entries[name].stage, self.truth("end")
        if name == "windows":
            published = self.answer(name, "now").set_index(COLUMNS[:2]).index
            cells = pd.MultiIndex.from_arrays([pd.to_datetime(right.hour, utc=True), right.origin])
            return right[cells.isin(published)]
        return self.truth("now" if stage == "soon" else stage)

    def answer(self, name: str, when: str) -> pd.DataFrame:
        """What an architecture answered: now, end, rebuilt (under the other rule), copies."""
        return self.entries[name].answers[when]

    def table(self, breaks: dict) -> pd.DataFrame:
        """All that was measured, a row an architecture: age, errors (departures), lost, doubled, kB, seconds, lines of code.

        `breaks` are the words of the last column.
        """
        rows = {}
        for name, entry in self.entries.items():
            seen = entry.measured
            rows[name] = {"age at now, s": seen["age at now, s"], "wrong now": seen["too few now"] + seen["too many now"],
                          "wrong in the end": seen["too few in the end"] + seen["too many in the end"],
                          "lost": seen["too few in the end"], "doubled": seen["doubled"], "kB": seen["kB"],
                          "rebuild, s": seen["rebuild, s"], "lines": lines(entry.functions), "breaks": breaks[name]}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("architecture")

