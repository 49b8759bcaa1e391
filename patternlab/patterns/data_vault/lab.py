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
from . import pointers, trial

VERSION = ("key", "day", "dest", "departs")


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


def _versions(made, columns=VERSION) -> list:
    """The rows that were returned, as tuples in the order of `columns`."""
    if isinstance(made, (list, tuple)) and not len(made):
        return []
    table = table_rows(list(made) if isinstance(made, tuple) else made, columns=list(columns))
    return [tuple(plain(value) for value in row) for row in table.astype(object).itertuples(index=False)]


def split(answer):
    """split(vault, statements): what each of two satellites takes of the register's statements."""
    for vault, statements, chosen, sentence in trial.READINGS:
        given = copy.deepcopy((vault, statements))
        made = ask(_called_on(answer, *given), vault, statements)
        collection(made, "What split returns", (dict,))
        if lacking := [name for name in trial.OWN if name not in made]:
            raise Wrong(f"What split returns has a list for each satellite, and {lacking[0]} is not in it.")
        if given != (vault, statements):
            raise Wrong("The function changed the vault or the statements that it was given. Return what is to be "
                        "inserted, and leave the writing to the loader.")
        for name, own in trial.OWN.items():
            columns = ["key", "day", *own]
            found = _versions(made[name], columns)
            _own_values(name, made[name])
            expected = [tuple(statements[at][column] for column in columns) for at in chosen[name]]
            if sorted(found, key=str) != sorted(expected, key=str):
                raise Wrong(sentence, [dict(zip(columns, row)) for row in found[:4]] or f"yours for {name}: nothing")
    return "What changes often no longer carries along what hardly ever does."


def _own_values(name, versions) -> None:
    """Wrong where the versions of a satellite have values of the other one."""
    others = {column for other, columns in trial.OWN.items() if other != name for column in columns}
    if len(versions):
        table = table_rows(list(versions) if isinstance(versions, tuple) else versions)
        for column in table.columns.intersection(sorted(others)):
            raise Wrong(f"A version of {name} has {column!r}, and that value has a satellite of its own: it is "
                        "stored twice.")


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
        pointers.judge(ask(answer, made, days), made, days)
    over_seeds(20, one_vault, budget=10)
    return "Every question about a day is now a join on equal keys, and tomorrow's loads can't change its answer."


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
    3: Exercise("What changes often, and what hardly ever", split,
                ("Do what exercise 2 did, once for each satellite, and let it look at that satellite's values alone.",
                 "says = [row[column] for column in columns]; compare it with what the key said last in this "
                 "satellite, and keep {name: row[name] for name in ['key', 'day', *columns]}."),
                "Each satellite has its own latest version, so a new operator costs one short row, and maker and seats "
                "stay where they are. A load that comes again finds itself in both.", minutes=20),
    4: Exercise("Two spellings of one maker", same_as,
                ("Two groups that a pair connects become one. When do you name the master: at each pair, or at the "
                 "end?",
                 "group = {key: {key} for key in hub}; join the sets of both keys of a pair; min(group[key], "
                 "key=hub.get)."),
                "Joining whole groups makes several steps no different from one, and the master is named when all "
                "pairs are known. The judgement stands in a link of its own, so it can be dated, doubted and taken "
                "back.", minutes=20),
    5: Exercise("What was known of a flight, day by day", point_in_time,
                ("For one flight and one day: which three questions 'the newest up to this day' must be asked, and "
                 "in which order?",
                 "max((row for row in ... if row['load_day'] <= day), default=None) for the schedule, then the link, "
                 "then the register of the link's aircraft."),
                "Each pointer is the newest row up to the day, and the register's goes by way of the link: that is "
                "the bridge. What is not known yet is None and not a "
                "missing row, or questions would lose flights.", minutes=40, starred=True),
}
