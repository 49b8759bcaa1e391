"""Exercise 5 of lab 05: what is wrong with a point-in-time table, in a sentence."""
from ...checking.outcomes import Wrong
from ...checking.tables import plain, rows as table_rows
from . import trial

POINTERS = ("flight_key", "day", "schedule_day", "aircraft_key", "register_day")


def judge(answer, made, days) -> None:
    """Wrong unless the answer is the point-in-time table of this vault."""
    table = table_rows(list(answer) if isinstance(answer, tuple) else answer, columns=list(POINTERS))
    found = {}
    for row in table.astype(object).to_dict("records"):
        row = {name: plain(value) for name, value in row.items()}
        whole = [name for name, value in row.items() if isinstance(value, float) and value.is_integer()]
        row.update({name: int(row[name]) for name in whole})     # pandas makes floats of whole numbers beside a null
        if (row["flight_key"], row["day"]) in found:
            raise Wrong("A flight has two rows for one day. One row for each flight and day is asked for.", [row])
        found[row["flight_key"], row["day"]] = row
    expected = {(row["flight_key"], row["day"]): row for row in trial.pointers(made, days)}
    if early := [row for at, row in found.items() if at not in expected]:
        raise Wrong("There is a row for a flight before its first schedule, or for "
                    "a day that was not asked for.", early[:1])
    missing = [at for at in expected if at not in found]
    if missing and all(expected[at]["aircraft_key"] is None for at in missing):
        raise Wrong("A flight that no link has named yet is missing. Its schedule alone makes a row, with None for "
                    "the rest.",
                    _told(made, missing[0][0]))
    if missing:
        flight, day = missing[0]
        raise Wrong(f"Your table has no row for flight {flight} on day {day}, and the flight has a schedule by then.",
                    _told(made, flight))
    for at, right in expected.items():
        if found[at] != right:
            raise Wrong(_mistake(found[at], right, made), [found[at]])


def _mistake(mine, right, made) -> str:
    """A sentence about the first pointer that is off."""
    day, flight = right["day"], right["flight_key"]
    if mine["schedule_day"] != right["schedule_day"]:
        loads = {row["load_day"] for row in made["sat_schedule"] if row["flight_key"] == flight}
        if mine["schedule_day"] not in loads:
            return ("schedule_day is no load_day of this flight's schedule. It points at a version, so that a join "
                    "finds it.")
        if mine["schedule_day"] > day:
            return ("schedule_day points at a version of a day that was still to come. Take none that is newer than "
                    "the day.")
        if right["schedule_day"] == day and mine["schedule_day"] == max(load for load in loads if load < day):
            return "The schedule of the day itself holds on that day: up to and with it."
        return ("schedule_day is not the newest version up to and with that day. Did you take the rows in the order of "
                "the lists? They come in any order.")
    if mine["aircraft_key"] != right["aircraft_key"]:
        if right["aircraft_key"] is None:
            return "There is no link by that day, so aircraft_key is None."
        if mine["aircraft_key"] is None:
            return "aircraft_key is None, and a link up to and with that day names an aircraft."
        return "aircraft_key is another aircraft than the newest link up to and with that day names."
    loads = {row["load_day"] for row in made["sat_register"] if row["aircraft_key"] == right["aircraft_key"]}
    if mine["register_day"] not in {None, *(row["load_day"] for row in made["sat_register"])}:
        return "register_day is no load_day of the register; where it has no version by that day, it is None."
    if mine["register_day"] not in {*loads, None}:
        return "register_day is a load_day of another aircraft. Go from the link's aircraft to its own versions."
    if mine["register_day"] is not None and mine["register_day"] > day:
        return "register_day points at a version that one could not know yet on that day."
    return ("register_day is not the newest version by that day. Ask what is known on the day, not what was known "
            "when the link was loaded.")


def _told(made, flight) -> list:
    return [row for row in made["sat_schedule"] if row["flight_key"] == flight]
