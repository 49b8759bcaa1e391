"""The world around pattern 02: what the airports report, in three drops; a part of a topic; a scheduler that tries again."""
from datetime import datetime, time
from zoneinfo import ZoneInfo

from ...faults import Crash
from ...flights import days, events

FIELDS = ("key", "scheduled", "arrival", "carrier", "flight", "origin", "dest", "dep_delay")


def reports(slice) -> list[dict]:
    """A short report per flight, in order of arrival: when the flight leaves, or at its planned time if it was cancelled.

    Fields as in FIELDS: the times are UTC, dep_delay is minutes (None: cancelled), key begins with the local day.
    """
    return [{name: event[name] for name in FIELDS} for event in events("report", slice)]


def drops(slice) -> tuple:
    """The reports of a slice in three lists: all up to noon of its last day in New York, those up to 18:00, the rest."""
    last = days(slice)[1]
    noon, evening = (utc(datetime.combine(last, time(hour))) for hour in (12, 18))
    arrived = reports(slice)
    return ([report for report in arrived if report["arrival"] < noon],
            [report for report in arrived if noon <= report["arrival"] < evening],
            [report for report in arrived if evening <= report["arrival"]])


def utc(clock: datetime) -> str:
    """A moment on New York's clock as the UTC text of an event."""
    moment = clock.replace(tzinfo=ZoneInfo("America/New_York")).astimezone(ZoneInfo("UTC"))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def retried(job) -> int:
    """Call `job()` as a scheduler does: again after a crash, three times at most; returns the number of runs."""
    for runs in (1, 2, 3):
        try:
            job()
            break
        except Crash:
            pass                                               # a scheduler knows only that the job has not said "done"
    return runs
