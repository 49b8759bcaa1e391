"""Lab 13: what is right in each exercise, and what each usual mistake is told."""
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

import jsonschema

from ...checking.calls import Kept, ask, describe, fits, kind
from ...checking.kinds import number, pair
from ...checking.outcomes import Exercise, Raised, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import equal, plain
from . import ports, trial
from .contract import odcs
from .ports import CONDITIONS, DEPARTURES


# --- 1
def agreed(answer):
    """contract(owner): its form, its owner and texts, then data sets that it lets through or stops."""
    contract = _contract(ask(answer, "fleet"))
    for owner in ("fleet", "the other fleet"):
        team = _contract(ask(answer, owner)).get("team")
        if not isinstance(team, dict) or team.get("name") != owner:
            raise Wrong(f"You were given {owner!r} as the owner, and its team is not that: team should be {{'name': owner}}.")
    columns = contract["schema"][0]["properties"]
    if sorted(trial.GOOD[0]) != sorted(column["name"] for column in columns):
        raise Wrong("The contract's columns should be tailnum, hour, airline and seats, and yours are "
                    f"{', '.join(column['name'] for column in columns) or 'none'}.")
    if silent := [column["name"] for column in columns if not str(column.get("description") or "").strip()]:
        raise Wrong(f"The column {silent[0]} has no description. Who finds it in a catalogue can't ask you.")
    for rows, good, said in trial.TURNS:
        try:
            found = trial.broken(contract, rows, trial.NOW)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Wrong(f"The runner can't run your contract. {_told(error)}") from None
        if bool(found) == good:
            raise Wrong(f"{said}" + (f" Yours says: {found}." if found else ""), rows)
    good = sum(good for _, good, _ in trial.TURNS)
    return (f"{len(trial.TURNS) - good} kinds of bad rows are stopped, {good} good days pass: whoever reads this port knows what "
            "to rely on.")


def _told(error) -> str:
    return str(error) if isinstance(error, ValueError) else f"It stumbled with {type(error).__name__}: {error}."


@lru_cache(maxsize=None)
def _standard():
    return jsonschema.Draft201909Validator(odcs())


def _contract(answer) -> dict:
    if not isinstance(answer, Mapping):
        raise Unfit(f"contract should return a dict, and yours returned {kind(answer)}.")
    try:
        contract = json.loads(json.dumps(answer, default=lambda value: value.item()))
    except (TypeError, ValueError, AttributeError):
        raise Unfit("The contract should hold texts, numbers, lists and dicts only, as a YAML file does.") from None
    tables = contract.get("schema")
    if not isinstance(tables, list) or len(tables) != 1 or not isinstance(tables[0], dict) or not tables[0].get("properties"):
        raise Wrong("The contract should describe one table with its columns, in schema[0]['properties'].")
    for column in tables[0]["properties"]:
        if isinstance(column, dict) and "logicalType" not in column:
            raise Wrong(f"The column {column.get('name')} has no logicalType, so nobody can tell a text from a number.")
    found = jsonschema.exceptions.best_match(_standard().iter_errors(contract))
    if found is not None:
        raise Wrong(f"ODCS' own schema refuses it at {found.json_path}: {found.message[:160]}.")
    return contract


# --- 2
def private(answer):
    """(leaks, masked): tables are searched, others are masked."""
    leaks, masked = pair(answer, 2, "leaks", "masked")
    fits(masked, None, None)
    for contract, rows, right, said in trial.LEAKS:
        mine = _names(ask(leaks, contract, rows))
        if mine != right:
            raise Wrong(f"{said} Yours names {', '.join(sorted(mine)) or 'none'}.", rows)
    for contract, rows, said in trial.MASKS:
        given = [Kept(row) for row in rows]
        mine = _rows(ask(masked, contract, given), "What masked returns")
        if given != rows:
            raise Wrong("You changed the rows that you were given. They are the domain's own: make others.", given)
        right = trial.mask(contract, rows)
        if len(mine) != len(right):
            raise Wrong(f"{said} You returned {len(mine)} rows of {len(right)}.", mine or None)
        if [dict(row) for row in mine] != right:
            raise Wrong(said, [{"": "given", **before} for before in rows] + [{"": "yours", **row} for row in mine])
    return "No card number leaves a port that a contract names, and one that nobody named is found."


def _names(mine) -> set:
    if isinstance(mine, (str, Mapping)) or not isinstance(mine, Iterable):
        raise Unfit(f"leaks should return the names of columns, a list, and yours returned {kind(mine)}.")
    mine = list(mine)
    if odd := [name for name in mine if not isinstance(name, str)]:
        raise Unfit(f"leaks should return names of columns, and yours has {describe(odd[0])}.")
    return set(mine)


def _rows(mine, name) -> list:
    if isinstance(mine, (str, Mapping)) or not isinstance(mine, Iterable) or hasattr(mine, "to_dict"):
        raise Unfit(f"{name} should be a list of dicts, and yours is {kind(mine)}.")
    mine = list(mine)
    if odd := [row for row in mine if not isinstance(row, Mapping)]:
        raise Unfit(f"{name} should be a list of dicts, and yours has {describe(odd[0])}.")
    return mine


# --- 3
def stepped(answer):
    """step(old, new): pairs of contracts."""
    for old, new, right, said in ports.STEPS:
        mine = ask(answer, old, new)
        if not isinstance(mine, str) or mine not in ("major", "minor", "patch"):
            raise Unfit(f"step should return 'major', 'minor' or 'patch', and yours returned {kind(mine)}.")
        if mine != right:
            raise Wrong(f"{said} Yours says {mine}.", _differing(old, new))
    return f"{len(ports.STEPS)} changes: readers are told beforehand, and only when it concerns them."


def _differing(old, new) -> list:
    """What differs between two contracts, a row a part."""
    rows = [{"part": part, "old": str(old[part]), "new": str(new[part])} for part in ("key", "latency", "completeness")
            if old[part] != new[part]]
    for name in {**old["columns"], **new["columns"]}:
        sides = [side["columns"].get(name, {}) for side in (old, new)]
        parts = [part for part in ("type", "required", "values", "text") if sides[0].get(part) != sides[1].get(part)]
        rows += [{"part": f"{name}, {part}", "old": str(sides[0].get(part, "-")), "new": str(sides[1].get(part, "-"))}
                 for part in parts]
    return rows or [{"part": "all", "old": "as it was", "new": "as it was"}]


# --- 4
def product(answer):
    """delay_by_weather(read): small worlds, ports that are gone, then 20 seeds."""
    for world, said in ports.CASES:
        _judge(answer, world, said)
    for gone in (DEPARTURES, CONDITIONS):
        world = ports.world(4)
        del world.published[gone]
        try:
            ask(answer, world.read)
        except Raised as raised:
            if not isinstance(raised.error, LookupError):
                raise
        else:
            raise Wrong(f"{gone[0]} has no version under contract 1 any more, and you published all the same. The LookupError "
                        "of read should come out: the consumer stays on your last version.")
    over_seeds(20, lambda seed: _judge(answer, ports.world(seed), "These ports make another table."))
    return "Twenty days, no departure lost, and a promise that you can keep: others may now build on your port."


def _judge(answer, world, said):
    world.asked.clear()
    mine = ask(answer, world.read)
    if not isinstance(mine, Mapping) or not {"owner", "rows", "known"} <= set(mine):
        raise Unfit(f"delay_by_weather should return a dict with owner, rows and known, and yours returned {kind(mine)}.")
    if not isinstance(mine["owner"], str) or not mine["owner"].strip():
        raise Wrong("The product has no owner: a text that says who answers for it.")
    if other := [asked for asked in world.asked if asked not in (DEPARTURES, CONDITIONS)]:
        port, major = other[0]
        if port in (DEPARTURES[0], CONDITIONS[0]):
            raise Wrong(f"You read {port} under contract {describe(major)}. Contract 1 is the one whose columns and units you "
                        "know.")
        raise Wrong(f"You read the port {describe(port)}, which has no part in delay by weather.")
    rows = _rows(mine["rows"], "The rows")
    for row in rows:
        if lacking := [name for name in ("visib", "departures", "mean_delay") if name not in row]:
            raise Wrong(f"A row of yours has no {lacking[0]}. A row has visib, departures and mean_delay.", [dict(row)])
    table, known = ports.right(world)
    show = [{name: plain(row[name]) for name in ("visib", "departures", "mean_delay")} for row in rows]
    seen = [row["visib"] for row in show]
    if odd := [visib for visib in seen if isinstance(visib, (str, bool)) or not isinstance(visib, (int, float, type(None)))]:
        raise Wrong(f"A visib should be a number or None, and one of yours is {kind(odd[0])}.")
    if len(seen) > len(set(seen)):
        raise Wrong(f"Two of your rows have one visibility. {said}", show)
    found = {row["visib"]: (row["departures"], row["mean_delay"]) for row in show}
    if set(found) != set(table):
        raise Wrong(said, show or None)
    for visib, (departures, mean) in table.items():
        for got, value, what in zip(found[visib], (departures, mean), ("departures", "mean_delay")):
            if not equal(got, value):
                raise Wrong(f"A row has the wrong {what}. {said}", show)
    if number(mine["known"], "known") != known:
        raise Wrong(f"The rows are right, and known is {describe(mine['known'])}. {said}", show or None)


EXERCISES = {
    1: Exercise("A contract that stops bad rows", agreed,
                ("Take the product's sentences one by one: which is a column's, which the table's, which an objective's? "
                 "The first contract of the notebook has one of each kind.",
                 "Two columns with primaryKey and required; airline with required and quality invalidValues; two slaProperties "
                 "with element: latency 36 h of turns.hour, completeness 80 percent of turns.seats."),
                "Each sentence becomes a line that a machine can run. What no line says is no promise: seats were let through "
                "as texts until the contract named their type."),
    2: Exercise("A policy about card numbers", private,
                ("One function looks at values and never at tags, the other one at tags and never at values. Why both?",
                 "bare = value.replace(' ', '').replace('-', ''); bare.isdigit() and 13 <= len(bare) <= 19. In masked count "
                 "the digits from the right: the last four stay."),
                "A tag says what somebody knew; a search finds what nobody tagged. The platform runs both over every port, and "
                "a free text with a card number in it is stopped although its contract is in order.",
                minutes=20),
    3: Exercise("Does this change break a reader?", stepped,
                ("Ask of each part: can a row that is possible now surprise a reader of the old contract? Then it is major.",
                 "Collect breaks and gains in two lists. values: set(old) - set(new) and the other way round, None is "
                 "everything; key: the new one must be a subset of the old one."),
                "Who reads has been promised that some rows never come. A change that makes more rows possible breaks that "
                "promise, one that makes fewer possible strengthens it. Which of the two it is can be computed, for each part.",
                minutes=25),
    4: Exercise("Delay by weather, a product of your own", product,
                ("Which port has a row for each departure? Start from it, so that nothing is lost, and look the weather up.",
                 "A dict {(origin, hour): visib} with .get; groups by visib, None among them; 100 * known // departures."),
                "The port with a row a departure leads, and the other one is looked up by its promised key, so the join can "
                "neither lose nor repeat. What is unknown stays in sight, and its share is the promise: measured first, "
                "rounded down.",
                minutes=30, starred=True)}
