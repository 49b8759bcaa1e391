"""Lab 05: the checks of its exercises, and what they say of a usual mistake."""
import copy
import inspect
import re
from functools import wraps

from ...checking.calls import ask, describe, kind
from ...checking.kinds import collection
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import equal, plain, rows as table_rows
from . import trial

VERSION = ("key", "day", "dest", "departs")
POINTERS = ("flight_key", "day", "schedule_day", "aircraft_key", "register_day")


def hash_key(answer):
    """hash_key(parts): one text for keys that mean the same, another for all others."""
    def key(parts):
        made = ask(answer, parts)
        if not isinstance(made, str):
            raise Unfit(f"The key should be a text of 64 figures, yours is {kind(made)}.", f"input: {parts}")
        return made.lower()

    def told(sentence, *parts):
        return Wrong(sentence.format(*map(describe, parts)))

    own = key(trial.ALIKE)
    if not re.fullmatch("[0-9a-f]{64}", own):
        raise Wrong("The key should have 64 figures, 0 to 9 and a "
                    "to f: hexdigest() of a SHA-256.", f"yours: {describe(own)}")
    if key(trial.ALIKE) != own:
        raise Wrong("The same parts got two keys, one after the other. A key may depend on nothing but its parts.")
    for parts, other, sentence in trial.APART:
        if key(parts) == key(other):
            raise told(sentence, parts, other)
    for parts, sentence in trial.SAME:
        if key(parts) != own:
            raise told(sentence, parts, trial.ALIKE)
    return "Every loader that follows this rule finds the same row, without asking anybody."


def _called_on(answer, *given):
    """The learner's function, called on `given` itself, so that a change of it is seen; `ask` would give it copies."""
    if (not callable(answer) or isinstance(answer, type) or inspect.isgeneratorfunction(answer)
            or inspect.iscoroutinefunction(answer)):
        return answer                                      # ask() has a sentence for it

    @wraps(answer)
    def call(*_):
        return answer(*given)
    return call


def new_versions(answer):
    """new_versions(satellite, statements): the statements that differ from the latest version before them."""
    for satellite, statements, chosen, sentence in trial.LOADS:
        given = copy.deepcopy((satellite, statements))
        made = ask(_called_on(answer, *given), satellite, statements)
        found = _versions(made)
        if given != (satellite, statements):
            raise Wrong("The function changed the satellite or the statements that it was given. Return what is to "
                        "be inserted, and leave the writing to the loader.")
        expected = [tuple(statements[at][name] for name in VERSION) for at in chosen]
        if sorted(found, key=str) != sorted(expected, key=str):
            raise Wrong(sentence, [dict(zip(VERSION, row)) for row in found[:4]] or "yours: nothing")
    return "Seen before is not the same as unchanged."


def _versions(made) -> list:
    """The rows that were returned, as tuples in the order of VERSION."""
    if isinstance(made, (list, tuple)) and not len(made):
        return []
    table = table_rows(list(made) if isinstance(made, tuple) else made, columns=list(VERSION))
    return [tuple(plain(value) for value in row) for row in table.astype(object).itertuples(index=False)]


def same_as(answer):
    """same_as(hub, pairs): a master for each key of the hub."""
    shown = []
    odd = [("k7", "gone"), ("lost", "k5"), ("never", "nowhere"), *trial.PAIRS]
    for hub, pairs in ((trial.HUB, trial.PAIRS), (trial.HUB, odd), (trial.CHAIN, trial.LINKS), (trial.HUB, []), ({}, [])):
        given = dict(hub)
        made = ask(_called_on(answer, given, list(pairs)), hub, pairs)
        collection(made, "What same_as returns", (dict,))
        shown = [{"key": key, "name": hub.get(key), "yours": made[key]} for key in list(made)[:7]]
        if given != hub:
            raise Wrong("The hub was changed. What a source said stays there; the link stands beside it.", shown)
        _links(made, hub, pairs, shown)
    return "The hub still says what each source said, and a question may go by the master."


def _links(made, hub, pairs, shown) -> None:
    """Wrong unless `made` is the same-as link of this hub."""
    expected = trial.masters(hub, pairs)
    if odd := [value for value in made.values() if not isinstance(value, (str, type(None)))]:
        raise Unfit(f"A master should be a key of the hub, a text; yours has {kind(odd[0])}.")
    if lacking := [key for key in expected if key not in made]:
        raise Wrong("A key that no pair names is missing. Every key of the hub has a master." if
                    all(lacking[0] not in pair for pair in pairs) else "A key of the hub is missing.", shown)
    named = {key for pair in pairs for key in pair}
    if set(made) - set(hub) or any(value not in hub and value in named for value in made.values()):
        raise Wrong("The link names a key that the hub lacks. Such a pair has nothing to connect.", shown)
    if any(value in hub.values() for value in made.values()):
        raise Wrong("Those are names, not keys. A link holds the keys of hubs.", shown)
    inside = {key for pair in pairs if set(pair) <= set(hub) for key in pair}
    alone = [key for key in hub if key not in inside]
    if any(not equal(made[key], key) for key in alone):
        raise Wrong("A key without a pair should be its own master.", shown)
    wrong = [key for key in expected if not equal(made[key], expected[key])]
    if wrong and all(equal(made[key], key) for key in made):
        raise Wrong("Every key is its own master, although pairs connect some of them.", shown)
    strangers = {(str(made[key]), expected[key]) for key in expected}
    if wrong and len(strangers) > len({mine for mine, _ in strangers}):
        raise Wrong("One master has keys that no pair connects, not by any number of steps.", shown)
    if wrong and len({str(made[key]) for key in made}) > len(set(expected.values())):
        raise Wrong("Keys that pairs connect by several steps have two masters. If A is B and B is C, all three are "
                    "one.", shown)
    if wrong:
        raise Wrong("The group is right and its master is not: of its keys, take the one that comes first by their "
                    "names.", shown)


def point_in_time(answer):
    """point_in_time(vault, days): which version of what held, for each flight and day, on twenty vaults."""
    def one_vault(seed):
        made, days = trial.vault(seed)
        _pointers(ask(answer, made, days), made, days)
    over_seeds(20, one_vault, budget=10)
    return "Every question about a day is now a join on equal keys, and tomorrow's loads can't change its answer."


def _pointers(answer, made, days) -> None:
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


EXERCISES = {
    1: Exercise("A key that every loader computes alike", hash_key,
                ("Spell each part in one way first; then make sure that nobody can tell two lists of parts apart "
                 "wrongly.",
                 "str(part).strip().upper(), a token such as '<null>' for None, '|'.join(...), then the SHA-256 of "
                 "that text."),
                "The hash is only as good as the text that it is given. The separator keeps the parts apart, the "
                "token keeps the place of what is missing, and trimming and case make two loaders agree who never "
                "met."),
    2: Exercise("A satellite that keeps what comes back", new_versions,
                ("Put what is known and what comes into one order by day; then look at each statement's neighbour.",
                 "sorted(..., key=lambda each: each[:2]) over (day, is it new, row), and a dict with what each key "
                 "said last."),
                "Known versions and new statements stand in one row of days, and each new one is compared with what "
                "its key said last. So what comes back is seen, and a load that comes again finds itself.", minutes=20),
    3: Exercise("Two spellings of one maker", same_as,
                ("Two groups that a pair connects become one. When do you name the master: at each pair, or at the "
                 "end?",
                 "group = {key: {key} for key in hub}; join the sets of both keys of a pair; min(group[key], "
                 "key=hub.get)."),
                "Joining whole groups makes several steps no different from one, and the master is named when all "
                "pairs are known. The judgement stands in a link of its own, so it can be dated, doubted and taken "
                "back.", minutes=20),
    4: Exercise("What was known of a flight, day by day", point_in_time,
                ("For one flight and one day: which three questions 'the newest up to this day' must be asked, and "
                 "in which order?",
                 "max((row for row in ... if row['load_day'] <= day), default=None) for the schedule, then the link, "
                 "then the register of the link's aircraft."),
                "Each pointer is the newest row up to the day, and the register's goes by way of the link: that is "
                "the bridge. What is not known yet is None and not a "
                "missing row, or questions would lose flights.", minutes=40, starred=True),
}
