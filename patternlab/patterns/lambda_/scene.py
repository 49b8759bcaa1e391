"""The world around pattern 09: the log of flights that are over, what of it a topic holds, and the notes that are taken
while it is live: what each layer says at a moment, and what is wrong with it."""
import copy
from collections import Counter
from datetime import datetime, timedelta

import pandas as pd

from ...engines import running
from ...flights import days, events
from ...truth import truth

REPORT = "key string, kind string, origin string, due timestamp, arrival timestamp, arr_delay int"
SPEED = "offset bigint, origin string, due timestamp, on_time int"
PIECES = 12                             # moments of a log
_ORDER = ("arrival", "carrier", "flight", "origin", "kind")


# --- the log ---------------------------------------------------------------------------------------------------------
def by_hand(*texts) -> list:
    """Reports of EWR on 1 July, each from a text "A arrived 09:10 +12" (due, minutes late) or "B diverted 09:40"."""
    made = []
    for key, kind, due, *delay in map(str.split, texts):
        late = int(delay[0]) if delay else None
        planned = datetime.fromisoformat(f"2013-07-01T{due}")
        arrival = planned + timedelta(minutes=late or 0)
        made.append({"key": key, "kind": kind, "origin": "EWR", "due": f"{planned:%H:%M}", "arrival": f"{arrival:%H:%M}",
                     "arr_delay": late})
    return sorted(made, key=lambda report: report["arrival"])


def first_week(slice="week") -> tuple:
    """The first seven days of a slice, or as many as it has, itself a slice."""
    first, last = days(slice)
    return first, min(last, first + timedelta(days=6))


def endings(slice) -> list:
    """A report for each flight that is over (arrived, diverted, cancelled), in the order in which the log has them.

    key kind origin, due (when it should have arrived; of a cancelled one, departed), arrival (of the report), arr_delay
    """
    ends = [event for kind in ("arrived", "diverted", "cancelled") for event in events(kind, slice)]
    ends.sort(key=lambda event: [event[name] for name in _ORDER])
    return [{"key": event["key"], "kind": event["kind"], "origin": event["origin"],
             "due": event.get("scheduled_arrival", event["scheduled"]), "arrival": event["arrival"],
             "arr_delay": None if event.get("arr_delay") is None else int(event["arr_delay"])} for event in ends]


def cuts(log, pieces: int = PIECES) -> list:
    """The offsets at which the log's moments end, the first one 0: cuts[1] reports have come by moment 1."""
    return [len(log) * piece // pieces for piece in range(pieces + 1)]


def pieces(log, cuts, first, last) -> list:
    """(reports, offset at their end) for each moment behind `first`, up to and including `last`."""
    return [(log[begin:now], now) for begin, now in zip(cuts[first:last], cuts[first + 1:])]


def rewind(broker, topic, log, cuts, moment) -> int:
    """Let the topic hold the log up to a moment, and no more, also after a cell that was stopped; the seam of that moment,
    which is where the last batch had stopped: one runs after each third moment."""
    if broker.end_offsets(topic) != {0: cuts[moment]}:
        broker.feed(topic, log[:cuts[moment]])
    return cuts[moment // 3 * 3]


# --- notes: what each layer says, moment by moment -------------------------------------------------------------------------
class Notes(list):
    """What the board served at moments of the log, a dict each: now (reports in the log), seam, served, batch, speed (frames of
    origin, flights, on_time), covered (the offsets that the speed view holds) and newest (the last offset that the stream took).

    first           the board of the first batch, to which the speed layer alone adds
    recent, ever    the speed layer's rows {offset: row}, in which the layer goes on writing
    """

    def __init__(self, span, first, recent, ever):
        super().__init__()
        self.span, self.first, self._recent, self._ever = span, first, recent, ever
        self._look()

    def _look(self):
        self._batch = running.session().table("batch_view").toPandas()

    def joined(self, later):
        """These notes and later ones, as one run."""
        both = copy.copy(self)
        both.extend(later)
        return both

    def take(self, now, served, ran=False) -> None:
        """Note a moment: `served` is the board; `ran` where a batch has just run, so that the batch view is another one."""
        if ran:
            self._look()
        begun = self.first["seam"].max()
        told = {offset: row for offset, row in self._ever.items() if begun <= offset < now}
        self.append({"now": now, "seam": int(self._batch["seam"].max()), "served": served, "newest": max(told),
                     "speed": totals(told.values(), self.first), "batch": self._batch[list(BOARD)],
                     "covered": sorted(self._recent)})

    @property
    def after(self):
        """For each note whether a batch has just run."""
        return pd.Series([note["now"] == note["seam"] for note in self]).to_numpy()

    def batches(self) -> dict:
        """{reports in the log: "batch"} where one ran, as marks of a figure."""
        return {note["now"]: "batch" for note in self if note["now"] == note["seam"]}

    def errors(self):
        """A frame by reports in the log, a column a layer: flights that its board has on time too many or too few."""
        rows = [{"reports": note["now"], **{name: wrong(note[layer], self._right(note)) for name, layer in LAYERS.items()}}
                for note in self]
        return pd.DataFrame(rows).set_index("reports")

    def served(self):
        """Every board that was served: a frame of now, seam, origin, flights, on_time."""
        return self._stamped(lambda note: note["served"])

    def expected(self):
        """The same boards as the truth has them."""
        return self._stamped(self._right)

    def never_arrived(self) -> list:
        """For each note that was not taken after a batch: flights since the seam that were diverted or cancelled."""
        return [truth("never_arrived", self.span, since=note["seam"], until=note["now"])
                for note in self if note["now"] != note["seam"]]

    def accounts(self, master) -> dict:
        """Reports that no layer has, and that are there twice, all moments together. `master`: each offset in the batch's
        table, of which a batch has those before its seam."""
        lacking = twice = 0
        for note in self:
            rows = Counter(offset for offset in master if offset < note["seam"])
            rows.update(offset for offset in note["covered"] if offset >= note["seam"])
            lacking += sum(offset not in rows for offset in range(note["now"]))
            twice += sum(count > 1 for count in rows.values())
        return {"left out": lacking, "taken twice": twice}

    def _right(self, note):
        return truth("punctuality", self.span, until=note["now"])

    def _stamped(self, board):
        return pd.concat([board(note).assign(now=note["now"], seam=note["seam"]) for note in self])


BOARD = ("origin", "flights", "on_time")
LAYERS = {"batch alone": "batch", "speed alone": "speed", "served": "served"}


def totals(rows, first):
    """The board `first` and, added to it, rows of the speed layer (offset, origin, due, on_time)."""
    told = pd.DataFrame(rows, columns=["offset", "origin", "due", "on_time"]).assign(flights=1)
    every = pd.concat([first[list(BOARD)], told[list(BOARD)]])
    return every.groupby("origin", as_index=False)[["flights", "on_time"]].sum()


def wrong(board, right) -> int:
    """By how many flights a board's on_time is off, too many or too few, over all origins."""
    mine, theirs = (frame.set_index("origin")["on_time"] for frame in (board, right))
    return int(mine.sub(theirs, fill_value=0).abs().sum())


def price(notes, log):
    """A frame with a row a layer: its mean, largest and last error, and the hours since the newest report that it counts."""
    errors, made = notes.errors(), {}
    clock = pd.to_datetime([report["arrival"] for report in log])
    for layer in LAYERS:
        newest = [note["seam"] - 1 if layer == "batch alone" else max(note["newest"], note["seam"] - 1) for note in notes]
        waits = [(clock[note["now"] - 1] - clock[offset]).total_seconds() / 3600 for note, offset in zip(notes, newest)]
        made[layer] = {"mean error": errors[layer].mean(), "largest": errors[layer].max(), "at the end": errors[layer].iloc[-1],
                       "hours behind": max(waits)}
    return pd.DataFrame.from_dict(made, orient="index").rename_axis("layer")
