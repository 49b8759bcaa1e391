"""The worlds of lab 05: small satellites, hubs and vaults on which a function is tried, and the right answers."""
from random import Random

ALIKE = ["UA", "11", "EWR"]
APART = [                                                  # (parts, other parts, what it says of them to have one key)
    (["UA"], ["DL"], "{} and {} get one key: they are two carriers."),
    (["UA", "11"], ["UA", "12"], "{} and {} get one key: they are two flights."),
    (["UA", "1", "12"], ["UA", "11", "2"], "Parts that are cut elsewhere, {} and {}, get one key: put a separator "
                                           "between them."),
    (["UA", None], ["UA"], "{} and {} get one key: you left None out. Where a part is missing, its place must show."),
    ([None, "UA"], ["", "UA"], "{} and {} get one key: None is not an empty text. Give it a token of its own."),
    (["UA", None], ["UA", "None"], "{} and {} get one key: None is not the text 'None'. Choose a token that no part "
                                   "can be."),
    (["JFK", "ATL"], ["ATL", "JFK"], "{} and {} get one key: another order is another key."),
    (["NEW YORK"], ["NEWYORK"], "{} and {} get one key: a blank inside a part belongs to it; strip those around it."),
    (["NEW YORK"], ["NEW", "YORK"], "{} and {} get one key: a blank may stand inside a part, so it can't keep two "
                                    "parts apart."),
]
SAME = [
    (["ua", "11", "ewr"], "Written in small letters, {} gets another key than {}."),
    (["UA ", "11", "  EWR"], "With a blank behind it or in front, {} gets another key than {}."),
    (["UA", 11, "EWR"], "{} gets another key than {}: a number counts as its text."),
]


def version(key, day, dest, departs) -> dict:
    """A statement or version of exercise 2."""
    return {"key": key, "day": day, "dest": dest, "departs": departs}


BACK = [version("f", day, "ORD", at) for day, at in ((1, "0900"), (2, "0930"), (3, "0930"), (4, "0900"))]
LOADS = [                                                  # (satellite, statements, indexes to insert, sentence)
    ([BACK[0]], [BACK[1]], (0,), "0900 on the 1st, 0930 on the 2nd: a change of departs is to be inserted."),
    ([BACK[0]], [version("f", 5, "ORD", "0900")], (), "0900 on the 1st and again on the 5th: nothing has changed, "
                                                      "however many days lie between."),
    ([BACK[0]], BACK[1:3], (0,), "You compared with the satellite only. The second 0930 has its equal in the same "
                                 "load."),
    ([], BACK, (0, 1, 3), "What comes back is a change: 0900, 0930, 0900 are three versions."),
    ([BACK[0], BACK[1], BACK[3]], BACK[:3], (), "A load that comes again, after a newer one, inserts rows. The "
                                                "latest version is that up to the statement's own day, whatever the "
                                                "satellite has heard since."),
    ([], [BACK[2], BACK[0], BACK[3], BACK[1]], (1, 2, 3), "You took the statements in the order of the list. It is "
                                                          "the day that says what comes before."),
    ([BACK[0]], [version("f", 2, "MDW", "0900")], (0,), "A change of dest alone is a change too."),
    ([BACK[0]], [version("f", day, "ORD", at) for day, at in ((2, None), (3, None), (4, "0900"))], (0, 2),
     "None is a value like any other: a time that was withdrawn is a change, and so is its return."),
    ([version("e", 1, "ATL", "0700"), BACK[0]], [version("e", 2, "ATL", "0700"), version("f", 2, "ORD", "0900")], (),
     "A statement was compared with one of another key. Each key has a latest version of its own."),
    ([BACK[0], version("f", 4, "ORD", "0930")], [version("f", 3, "ORD", "0930")], (0,),
     "A statement of the 3rd comes after a version of the 4th. It is new: it differs from the one before its own day."),
    ([BACK[0], BACK[2]], [version("f", day, "ORD", "0945") for day in (2, 4)], (0, 1),
     "0945 on the 2nd, and again on the 4th: the satellite has another version of the 3rd, so both are changes."),
    ([], [version("g", 1, None, None)], (0,), "The first statement of a key is a version, even if all it says is None."),
    ([], [], (), "Without statements there is nothing to insert: return an empty list."),
]

OWN = {"sat_aircraft": ["manufacturer", "seats"], "sat_operator": ["operator"]}


def reading(key, day, operator, seats=95, maker="BOEING") -> dict:
    """A statement of exercise 3."""
    return {"key": key, "day": day, "manufacturer": maker, "seats": seats, "operator": operator}


def stored(*readings) -> dict:
    """The two satellites of exercise 3 after such readings, each of which both had taken."""
    return {name: [{column: row[column] for column in ["key", "day", *own]} for row in readings]
            for name, own in OWN.items()}


SOLD = [reading("n", day, operator) for day, operator in ((1, "FL"), (2, "DL"), (3, "DL"))]
READINGS = [                                               # (vault, statements, indexes each satellite inserts, sentence)
    (stored(SOLD[0]), SOLD[1:2], {"sat_aircraft": [], "sat_operator": [0]},
     "FL was known, DL comes on the 2nd, and nothing else has changed: that is a row of sat_operator alone."),
    (stored(SOLD[0]), SOLD[1:], {"sat_aircraft": [], "sat_operator": [0]},
     "DL on the 2nd and on the 3rd: the second has an equal before it in the same load."),
    (stored(SOLD[0]), [reading("n", 2, "FL", 100)], {"sat_aircraft": [0], "sat_operator": []},
     "The seats changed from 95 to 100, and nothing else: that is a row of sat_aircraft alone."),
    (stored(SOLD[0]), [reading("n", 2, "FL", 95, "AIRBUS")], {"sat_aircraft": [0], "sat_operator": []},
     "The maker was corrected, and nothing else: that is a row of sat_aircraft alone."),
    (stored(), [reading("n", day, operator) for day, operator in ((1, "FL"), (2, "DL"), (3, "FL"))],
     {"sat_aircraft": [0], "sat_operator": [0, 1, 2]},
     "FL, DL, FL: three versions of the operator. What comes back is a change, also in a satellite of one value."),
    (stored(*SOLD[:2]), SOLD[:1], {"sat_aircraft": [], "sat_operator": []},
     "A load that comes again, after a newer one, inserts rows. The latest version is that up to the statement's own "
     "day, whatever the satellite has heard since."),
    (stored(), [SOLD[1], SOLD[2], SOLD[0]], {"sat_aircraft": [2], "sat_operator": [2, 0]},
     "You took the statements in the order of the list. It is the day that says what comes before."),
    (stored(), [reading("n", day, operator) for day, operator in ((1, "FL"), (2, None), (3, "FL"))],
     {"sat_aircraft": [0], "sat_operator": [0, 1, 2]},
     "FL, None, FL: the aircraft had no operator for a day. None is a value like any other."),
    (stored(reading("m", 1, "DL"), SOLD[0]), [reading("m", 2, "DL"), reading("n", 2, "FL", 120)],
     {"sat_aircraft": [1], "sat_operator": []},
     "A statement was compared with one of another aircraft. Each key has a latest version of its own, in each "
     "satellite."),
    (stored(), [reading("m", 1, None), reading("n", 2, None, None, None)],
     {"sat_aircraft": [0, 1], "sat_operator": [0, 1]},
     "The first statement of a key is a version in both satellites, even if all it says is None."),
    (stored(), [], {"sat_aircraft": [], "sat_operator": []}, "Without statements there is nothing to insert: two empty lists."),
]

HUB = {"k7": "AIRBUS", "k2": "AIRBUS INDUSTRIE", "k5": "BOEING", "k3": "EMBRAER", "k9": "MCDONNELL DOUGLAS",
       "k4": "MCDONNELL DOUGLAS AIRCRAFT CO", "k1": "MCDONNELL DOUGLAS CORPORATION"}
PAIRS = [("k2", "k7"), ("k1", "k4"), ("k9", "k1")]
CHAIN = {"c4": "DOUGLAS", "c2": "BOEING", "c6": "FOKKER", "c1": "AIRBUS", "c5": "EMBRAER", "c3": "CESSNA"}
LINKS = [("c5", "c6"), ("c4", "c5"), ("c3", "c4"), ("c2", "c3"), ("c1", "c2")]


def masters(hub, pairs) -> dict:
    """The same-as link of a hub: {key: key of the first name among all that pairs connect it with}."""
    master = {}
    for key in hub:
        group, waiting = {key}, [key]
        while waiting:
            now = waiting.pop()
            for one, other in pairs:
                for here, there in ((one, other), (other, one)):
                    if here == now and there in hub and there not in group:
                        group.add(there)
                        waiting.append(there)
        master[key] = min(group, key=hub.get)
    return master


def vault(seed) -> tuple:
    """A small vault, its rows in random order, and the days that are asked for; one link at most a flight and day."""
    chance = Random(seed)
    flights, aircraft, days = [f"f{n}" for n in range(1, 5)], [f"a{n}" for n in range(1, 5)], range(1, 13)
    made = {"sat_schedule": [], "link_departure": [], "sat_register": []}
    for flight in flights:
        for day in chance.sample(days, chance.randint(2, 4)):
            departs = f"{chance.randrange(5, 23):02}00"
            made["sat_schedule"].append({"flight_key": flight, "load_day": day, "departs": departs})
        for day in chance.sample(days, chance.randint(0, 4)):
            tail = chance.choice(aircraft)
            made["link_departure"].append({"flight_key": flight, "aircraft_key": tail, "load_day": day})
    for tail in aircraft[:3]:                              # the register never hears of the last one
        for day in chance.sample(days, chance.randint(1, 3)):
            operator = chance.choice(["FL", "DL", "EV"])
            made["sat_register"].append({"aircraft_key": tail, "load_day": day, "operator": operator})
    for rows in made.values():
        chance.shuffle(rows)
    return made, sorted(chance.sample(days, 9))


def newest(rows, key, value, day, what="load_day"):
    """Of the rows with this key, `what` of the newest up to and with that day; None where there is none."""
    known = [row for row in rows if row[key] == value and row["load_day"] <= day]
    return max(known, key=lambda row: row["load_day"])[what] if known else None


def pointers(made, days) -> list:
    """The point-in-time table with its bridge that such a vault has."""
    table = []
    for flight in sorted({row["flight_key"] for row in made["sat_schedule"]}):
        for day in days:
            held = newest(made["sat_schedule"], "flight_key", flight, day)
            if held is not None:
                aircraft = newest(made["link_departure"], "flight_key", flight, day, "aircraft_key")
                table.append({"flight_key": flight, "day": day, "schedule_day": held, "aircraft_key": aircraft,
                              "register_day": newest(made["sat_register"], "aircraft_key", aircraft, day)})
    return table
