"""The worlds of lab 16, exercises 1 to 3: events of a roll-up, flights and their corrections, parts that are merged."""
import math
import random
import zlib

BITS = 1024                            # of the sketch in exercise 3


# --- exercise 1: events, and what whoever is wrong about them is told

def left(at: str, origin: str, delay) -> dict:
    """An event of exercise 1, of the first of July."""
    return {"key": f"UA/{at}", "scheduled": f"2013-07-01T{at}:00Z", "origin": origin, "delay": delay}


def roll_up(events: list) -> dict:
    """{(hour, origin): measures} of events with a delay."""
    rows = {}
    for event in events:
        if event["delay"] is not None:
            rows.setdefault((event["scheduled"][:13], event["origin"]), []).append(event["delay"])
    return {cell: {"n": len(delays), "delay": sum(delays), "late": sum(delay > 15 for delay in delays),
                   "most": max(delays)} for cell, delays in rows.items()}


ROLLED = [
    ([], "Without events there is no row: an empty dict."),
    ([left("09:55", "EWR", 10)],
     "One departure makes one row, n 1: its hour is the text up to the hour, 2013-07-01T09, of `scheduled`."),
    ([left("09:05", "EWR", 10), left("09:55", "EWR", 20)],
     "Two departures of one hour and origin are one row: n 2, delay 30, late 1, most 20."),
    ([left("09:05", "EWR", 10), left("09:05", "JFK", 20)], "Two origins are two rows, also in one hour."),
    ([left("09:05", "EWR", 10), left("10:05", "EWR", 20)], "Two hours are two rows, also of one origin."),
    ([left("09:05", "EWR", 10), {**left("09:05", "EWR", 20), "scheduled": "2013-07-02T09:05:00Z"}],
     "Nine o'clock of two days is two hours: the date belongs to the hour."),
    ([left("09:05", "EWR", 4), left("10:05", "EWR", 20), left("09:15", "EWR", 10)],
     "A departure of another hour came between two of one hour. These two are one row: n 2, delay 14."),
    ([left("09:05", "EWR", 10), left("09:15", "EWR", None)],
     "A flight whose delay is None has not left. It does not count."),
    ([left("09:05", "EWR", None), left("09:15", "EWR", 10)],
     "The first flight has not left and does not count, the second one has left and does."),
    ([left("09:05", "EWR", None)], "Nobody left in that hour, so it has no row."),
    ([left("09:05", "EWR", 0)], "A delay of 0 is a departure, on time."),
    ([left("09:05", "EWR", 9), left("09:15", "EWR", 4)], "The first delay is the largest one: most is 9."),
    ([left("09:05", "EWR", 10), left("09:15", "EWR", 11)],
     "Each of two departures is less than 15 minutes late, so none is: late is 0."),
    ([left("09:05", "EWR", 15), left("09:15", "EWR", 16)], "15 minutes are not late, 16 are: late is 1."),
    ([left("09:05", "EWR", 16), left("09:15", "EWR", 17), left("09:25", "EWR", 3)],
     "Three departures, two of them late: n is 3, late is 2."),
    ([left("09:05", "EWR", -20), left("09:15", "EWR", 5)],
     "20 minutes before its time and 5 late: both have left, n 2, delay -15, late 0, most 5."),
    ([left("09:05", "EWR", -8), left("09:15", "EWR", -3)], "Both left before time, so the largest delay is -3.")]


def crowd(seed: int) -> list:
    """Sixty events of three hours and two origins, in any order."""
    chance = random.Random(seed)
    return [left(f"{chance.randrange(9, 12):02}:{chance.randrange(60):02}", chance.choice(["EWR", "JFK"]),
                 chance.choice([None, *range(-30, 90, 3)])) for _ in range(60)]


# --- exercise 2: what comes for one board, and what is told where the board is off after the last of it

def said(key, version, hour, origin, delay) -> dict:
    """An event of exercise 2."""
    return {"key": key, "version": version, "hour": f"2013-07-01T{hour:02}", "origin": origin, "delay": delay}


def board(events: list) -> dict:
    """{(hour, origin): {n, delay}} of the newest version of each flight that has a delay."""
    newest = {}
    for event in events:
        if event["version"] > newest.get(event["key"], event)["version"] or event["key"] not in newest:
            newest[event["key"]] = event
    rows = {}
    for event in newest.values():
        if event["delay"] is not None:
            row = rows.setdefault((event["hour"], event["origin"]), {"n": 0, "delay": 0})
            row["n"] += 1
            row["delay"] += event["delay"]
    return rows


ONE, NEWER, OTHER = said("UA/1", 1, 9, "EWR", 5), said("UA/1", 2, 9, "EWR", 25), said("DL/2", 1, 9, "EWR", 10)
STREAMS = [
    ([ONE], "A flight's first event puts it on the board."),
    ([ONE, OTHER], "Two flights of one hour and origin are in one cell: n 2 and both delays."),
    ([ONE, said("DL/2", 1, 9, "JFK", 10)], "Two flights of two origins are in two cells."),
    ([ONE, NEWER],
     "A correction came. The flight still counts once, and only its newer delay is in the sum."),
    ([ONE, OTHER, NEWER],
     "A correction came, and another flight is in its cell: both count, and the old delay is out of the sum."),
    ([ONE, OTHER, NEWER, NEWER],
     "The same correction came twice, and the second time the board changed."),
    ([NEWER, ONE],
     "The correction came before its original. The original is older, and changes nothing."),
    ([ONE, said("UA/1", 3, 9, "EWR", 25)],
     "Version 3 came after version 1. It is newer, whatever is missing in between: it counts."),
    ([ONE, said("UA/1", 3, 9, "EWR", 7), said("UA/1", 2, 9, "EWR", 25)],
     "Version 2 came after version 3. It is older, and changes nothing."),
    ([ONE, OTHER, said("UA/1", 2, 11, "EWR", 5)],
     "A correction moved the flight to another hour. It leaves the old cell, where the other flight stays."),
    ([ONE, OTHER, said("UA/1", 2, 9, "JFK", 8)],
     "A correction moved the flight to another origin. It leaves the old cell, with its old delay."),
    ([ONE, said("UA/1", 2, 11, "EWR", 5)],
     "The only flight of a cell was moved, so that cell is empty, and an empty cell has no row."),
    ([ONE, OTHER, said("UA/1", 2, 9, "EWR", None)],
     "The delay was corrected to None: the flight has not left, and is off the board."),
    ([ONE, said("UA/1", 2, 9, "EWR", None)],
     "The only flight of a cell was taken off, and an empty cell has no row."),
    ([ONE, said("UA/1", 2, 9, "EWR", None), ONE],
     "A copy of version 1 came after version 2 took the flight off. It is older, and the flight stays off."),
    ([said("UA/1", 2, 9, "EWR", None), ONE],
     "Version 2, without a delay, came before version 1. The original is older, and stays off the board."),
    ([ONE, said("UA/1", 2, 9, "EWR", None), said("UA/1", 3, 9, "EWR", 7)],
     "Version 2 took the flight off, version 3 has a delay again: it is back on the board."),
    ([said("UA/1", 1, 9, "EWR", None)], "A flight that has not left has no row."),
    ([ONE, said("UA/1", 2, 9, "EWR", 0)],
     "The delay was corrected to 0. That is a departure, on time, and stays on the board."),
    ([said("UA/1", 1, 9, "EWR", 0), said("UA/1", 2, 9, "EWR", 4)],
     "A delay of 0 was corrected to 4: the flight counts once."),
    ([said("UA/1", 9, 9, "EWR", 5), said("UA/1", 10, 9, "EWR", 6)],
     "Version 10 is newer than version 9: versions are numbers.")]


def stream(seed: int) -> list:
    """Forty events of eight flights, versions in any order, copies among them."""
    chance = random.Random(seed)
    events = []
    for _ in range(40):
        flight, version = chance.randrange(8), chance.randrange(1, 6)
        delay = None if version == 3 else version * 7 - 12
        events.append(said(f"F{flight}", version, (flight + version * version) % 3, ("EWR", "JFK")[version % 2], delay))
    return events


# --- exercise 3: flights in parts

def place(tail: str) -> int:
    """The bit of an aircraft, 0 to 1,023."""
    return zlib.crc32(tail.encode()) % BITS


def about(bits: int) -> int:
    """About how many aircraft have set these bits (linear counting)."""
    empty = BITS - bin(bits).count("1")
    return round(-BITS * math.log(max(empty, 0.5) / BITS))


def final(flights: list) -> dict:
    """What is right for all flights together."""
    delays, bits = [flight["delay"] for flight in flights], 0
    for flight in flights:
        if flight["tailnum"] is not None:
            bits |= 1 << place(flight["tailnum"])
    return {"n": len(delays), "mean": sum(delays) / len(delays) if delays else None, "most": max(delays, default=None),
            "aircraft": about(bits)}


def flights(*lines) -> list:
    """Flights of lines (tailnum, delay)."""
    return [{"tailnum": tail, "delay": delay} for tail, delay in lines]


PART, SMALL = flights(("N1", 10), ("N2", 60), ("N3", 20)), flights(("N4", 2))
PARTS = [  # one or more parts, and what is told where their merged answer is off
    ([PART], "One part, three flights: n 3, mean 30, most 60, three aircraft."),
    ([[]], "A part without flights: n 0 and no aircraft, mean and most are None."),
    ([flights(("N1", 10), ("N2", 15))], "One part, two flights of 10 and 15 minutes: the mean is 12.5."),
    ([PART, flights(("N5", 60), ("N6", 15), ("N7", 15))],
     "Two parts of three flights each, six aircraft: n and aircraft are 6, the mean is 30."),
    ([flights(("N1", 9)), flights(("N2", 4))], "The larger delay is in the first part: most is 9."),
    ([flights(("N1", 4)), flights(("N2", 9))], "The larger delay is in the second part: most is 9."),
    ([PART, SMALL],
     "Three flights with a mean of 30, one with 2: the mean of all is 23. A mean has to travel as sum and number."),
    ([PART, flights(("N1", 10))], "One aircraft is in both parts. It counts once: its bit is set already."),
    ([PART, flights(("N1", 10)), flights(("N1", 20))],
     "One aircraft is in all three parts: its bit is set there, not added."),
    ([SMALL, flights(("N1", 10), ("N1", 20))],
     "One aircraft flew twice in the second part: its bit is set, not flipped."),
    ([PART, []], "The second part has no flight, and changes nothing."),
    ([[], PART], "The first part has no flight, and changes nothing."),
    ([[], []], "Two parts without flights: n is 0, mean and most are None."),
    ([flights(("N1", -9)), flights(("N2", -4))], "Both flights left before time: the mean is -6.5, most is -4."),
    ([flights(("N1", 0)), flights(("N2", -4))], "A delay of 0 is the largest of 0 and -4."),
    ([flights(("N1", -9)), []], "One flight left before time, the other part is empty: most is -9."),
    ([flights((None, 5), ("N1", 5)), flights((None, 7))],
     "A flight without a tail number counts, but is no aircraft that is known."),
    ([PART, SMALL, flights(("N8", 100))],
     "Three parts, the first two merged before the third: a merged part has to be a part again.")]


def many(seed: int, count: int, aircraft: int = 400) -> list:
    """So many flights of up to so many aircraft."""
    chance = random.Random(seed)
    return [{"tailnum": f"N{chance.randrange(aircraft)}", "delay": chance.randrange(-20, 200)} for _ in range(count)]
