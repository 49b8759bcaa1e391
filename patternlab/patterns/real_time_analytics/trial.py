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
     "One departure makes one row: its hour is the text up to the hour, 2013-07-01T09, of `scheduled`."),
    ([left("09:05", "EWR", 10), left("09:55", "EWR", 20)],
     "Two departures of one hour and origin are one row: n 2, delay 30."),
    ([left("09:05", "EWR", 10), left("09:05", "JFK", 20)], "Two origins are two rows, also in one hour."),
    ([left("09:05", "EWR", 10), left("10:05", "EWR", 20)], "Two hours are two rows, also of one origin."),
    ([left("09:05", "EWR", 10), {**left("09:05", "EWR", 20), "scheduled": "2013-07-02T09:05:00Z"}],
     "Nine o'clock of two days is two hours: the date belongs to the hour."),
    ([left("09:05", "EWR", 10), left("09:15", "EWR", None)],
     "A flight whose delay is None has not left. It does not count."),
    ([left("09:05", "EWR", None)], "Nobody left in that hour, so it has no row."),
    ([left("09:05", "EWR", 0)], "A delay of 0 is a departure, on time."),
    ([left("09:05", "EWR", 15), left("09:15", "EWR", 16)], "15 minutes are not late, 16 are: late is 1."),
    ([left("09:05", "EWR", -8), left("09:15", "EWR", -3)], "Both left before time, so the largest delay is -3.")]


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


ONE, OTHER = said("UA/1", 1, 9, "EWR", 5), said("DL/2", 1, 9, "EWR", 10)
STREAMS = [
    ([ONE], "A flight's first event puts it on the board."),
    ([ONE, OTHER], "Two flights of one hour and origin are in one cell: n 2 and both delays."),
    ([ONE, said("DL/2", 1, 9, "JFK", 10)], "Two flights of two origins are in two cells."),
    ([ONE, said("UA/1", 2, 9, "EWR", 25)],
     "A correction came. The flight still counts once, and only its newer delay is in the sum."),
    ([ONE, OTHER, said("UA/1", 2, 9, "EWR", 25), said("UA/1", 2, 9, "EWR", 25)],
     "The same correction came twice, and the second time the board changed."),
    ([said("UA/1", 2, 9, "EWR", 25), ONE],
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
    ([ONE, said("UA/1", 2, 9, "EWR", None), ONE],
     "A copy of version 1 came after version 2 took the flight off. It is older, and the flight stays off."),
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
        key, version, hour = f"F{chance.randrange(8)}", chance.randrange(1, 6), chance.randrange(3)
        events.append(said(key, version, hour, ("EWR", "JFK")[version % 2], None if version == 3 else version * 7 - 12))
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


PART, SMALL = flights(("N1", 10), ("N2", 20), ("N3", 60)), flights(("N4", 2))
PARTS = [  # one or more parts, and what is told where their merged answer is off
    ([PART], "One part, three flights: n 3, mean 30, most 60, three aircraft."),
    ([[]], "A part without flights: n 0 and no aircraft, mean and most are None."),
    ([PART, flights(("N5", 30), ("N6", 30), ("N7", 30))],
     "Two parts of three flights each: the numbers add up to 6, the mean is 30."),
    ([PART, SMALL],
     "Three flights with a mean of 30, one with 2: the mean of all is 23. A mean has to travel as sum and number."),
    ([SMALL, PART], "The larger delay is in the second part: most is 60."),
    ([PART, flights(("N1", 10)), flights(("N1", 20))],
     "One aircraft is in all three parts: its bit is set there, not added."),
    ([SMALL, flights(("N1", 10), ("N1", 20))],
     "One aircraft flew twice in the second part: its bit is set, not flipped."),
    ([PART, []], "The second part has no flight, and changes nothing."),
    ([[], PART], "The first part has no flight, and changes nothing."),
    ([[], []], "Two parts without flights: n is 0, mean and most are None."),
    ([flights(("N1", -9)), flights(("N2", -4))], "Both flights left before time: most is -4."),
    ([flights(("N1", 0)), flights(("N2", -4))], "A delay of 0 is the largest of 0 and -4."),
    ([flights(("N1", -9)), []], "One flight left before time, the other part is empty: most is -9."),
    ([flights((None, 5), ("N1", 5)), flights((None, 7))],
     "A flight without a tail number counts, but is no aircraft that is known."),
    ([PART, SMALL, flights(("N8", 100))],
     "Three parts, the first two merged before the third: a merged part has to be a part again.")]


def many(seed: int, count: int) -> list:
    """So many flights of up to 400 aircraft."""
    chance = random.Random(seed)
    return [{"tailnum": f"N{chance.randrange(400)}", "delay": chance.randrange(-20, 200)} for _ in range(count)]
