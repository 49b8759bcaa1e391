"""Lab 04: what is right in each exercise, and what each usual mistake is told."""
import pandas as pd

from ...checking.calls import ask, describe, session
from ...checking.outcomes import Exercise, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import judge, rows as table_rows, same_rows
from ...flights import dataset, rows
from . import trial


def surrogate_keys(answer):
    """(dimension, facts) of a function that gets flights and planes: surrogate keys, an unknown member, no flight lost."""
    flights, planes = (session().read.parquet(dataset(table, "day")) for table in ("flights", "planes"))
    made = ask(answer, flights, planes)
    if not isinstance(made, tuple) or len(made) != 2:
        raise Wrong(f"Return two frames, the dimension and the facts; yours returned {describe(made)}.")
    dim = table_rows(made[0], columns=["aircraft_key", "tailnum"])
    facts = table_rows(made[1], columns=["carrier", "flight", "origin", "tailnum", "aircraft_key"])
    flown, registered = rows("flights", "day"), set(rows("planes").tailnum)
    if not pd.api.types.is_numeric_dtype(dim.aircraft_key):
        raise Wrong("Your key is a text that means something. A surrogate key is a number without meaning, so that a tail "
                    "number can change, or have two versions, without touching a fact.", dim.head(3))
    if dim.aircraft_key.duplicated().any():
        raise Wrong("Two rows of your dimension have the same key, so a fact with it would be counted twice.",
                    dim[dim.aircraft_key.duplicated(keep=False)].head(4))
    if len(facts) < len(flown):
        raise Wrong(f"{len(flown) - len(facts):,} of the flights are gone: an inner join drops a flight whose aircraft is not "
                    "in planes.")
    if len(facts) > len(flown):
        raise Wrong("There are more facts than flights. A join to a dimension must find one row per fact.")
    if facts.aircraft_key.isna().any():
        raise Wrong("Some facts have NULL for a key, and NULL joins to nothing: the next inner join drops them.",
                    facts[facts.aircraft_key.isna()].head(3))
    if not (dim.aircraft_key == -1).any():
        raise Wrong("Your dimension has no row with the key -1, so a join on the key still drops the flights that point "
                    "there.")
    if not facts.aircraft_key.isin(dim.aircraft_key).all():
        raise Wrong("Some facts have a key that your dimension lacks.",
                    facts[~facts.aircraft_key.isin(dim.aircraft_key)].head(3))
    known = facts.tailnum.isin(registered)
    if (facts.aircraft_key[known] == -1).any():
        raise Wrong("A flight of an aircraft that planes knows points at the unknown member.",
                    facts[known & (facts.aircraft_key == -1)].head(3))
    if (facts.aircraft_key.map(dim.set_index("aircraft_key").tailnum)[known] != facts.tailnum[known]).any():
        raise Wrong("A key leads to another aircraft than the one that flew.")
    if (facts.aircraft_key[~known] != -1).any():
        raise Wrong("A flight without a known aircraft must point at the unknown member, key -1.",
                    facts[~known & (facts.aircraft_key != -1)].head(3))
    return f"All {len(facts):,} flights are there, and {(~known).sum():,} of them point at the unknown member."


def versions(answer):
    """tailnum, operator, valid_from, valid_to for sightings in any order; valid_to is NULL while a version is open."""
    table = table_rows(ask(answer, trial.sightings()), columns=["tailnum", "operator", "valid_from", "valid_to"])
    count = table.tailnum.value_counts().to_dict()
    mine = {tail: group.sort_values("valid_from") for tail, group in table.groupby("tailnum")}
    if set(count) != {"N1", "N2", "N3", "N4"}:
        raise Wrong("Some aircraft has no version at all, or one is made up.", table)
    if set(count.values()) == {1}:
        raise Wrong("That is still type 1: one row per aircraft, and its past is overwritten.", table)
    if count["N2"] > 1:
        raise Wrong("An aircraft that never changed has several versions. A version begins where the operator differs from the "
                    "one before, not at every sighting.", mine["N2"])
    if count["N3"] < 3:
        raise Wrong("N3 was sold and bought back: its first and its third period are two versions. Grouping by operator makes "
                    "one of them.", mine["N3"])
    if count["N4"] < 3:
        raise Wrong("N4 had no operator for a while. A comparison with NULL by <> or != is neither true nor false, so that "
                    "change was not seen.", mine["N4"])
    for tail, group in mine.items():
        ends, begins = list(group.valid_to), list(group.valid_from)
        if not pd.isna(ends[-1]):
            raise Wrong(f"The newest version of {tail} is closed. While nothing newer is known, its valid_to is NULL.", group)
        if any(pd.isna(end) for end in ends[:-1]):
            raise Wrong(f"{tail} has two open versions, so a flight would find both.", group)
        if any(end < begin for end, begin in zip(ends, begins[1:])):
            raise Wrong(f"There is a gap between the versions of {tail}: a flight in it finds none. A version holds until the "
                        "next one begins.", group)
        if any(end > begin for end, begin in zip(ends, begins[1:])):
            raise Wrong(f"Two versions of {tail} overlap: a flight in both is counted twice.", group)
    expected = []
    for tail, operator, seen in trial.SIGHTINGS:
        if not expected or expected[-1]["tailnum"] != tail or expected[-1]["operator"] != operator:
            expected.append({"tailnum": tail, "operator": operator, "valid_from": seen})
    same_rows(table, expected, key=["tailnum", "valid_from"], sentence="The versions are not the periods that were seen")
    return "No gap, no overlap, one open version each, and NULL is a value that can change too."


def two_questions(answer):
    """Frame operator, as_flown, as_today: flights by the operator at the time, and by the aircraft's newest operator."""
    table = table_rows(ask(answer, *trial.facts_and_aircraft()), columns=["operator", "as_flown", "as_today"]).fillna(0)
    operator = {key: name for key, _, name, _, _ in trial.VERSIONS}
    today = {tail: name for _, tail, name, _, _ in trial.VERSIONS}
    then = pd.Series([operator[key] for key in trial.FLOWN]).value_counts()
    now = pd.Series([today[trial.VERSIONS[key - 1][1]] for key in trial.FLOWN]).value_counts()
    flown, current = (table.set_index("operator")[name] for name in ("as_flown", "as_today"))
    newest = pd.Series([operator[key] for key in trial.FLOWN if trial.VERSIONS[key - 1][4] is None]).value_counts()
    if len(table) and table.operator.duplicated().any():
        raise Wrong("An operator has two rows. One row per operator, with both numbers in it, is asked for.", table)
    if flown.sum() > len(trial.FLOWN) or current.sum() > len(trial.FLOWN):
        raise Wrong("There are more flights than facts: joining on the tail number finds every version of the aircraft. "
                    "The fact's aircraft_key names one.", table)
    if current.sum() < len(trial.FLOWN) and current[current > 0].to_dict() == newest.to_dict():
        raise Wrong("Flights of earlier versions fell out. Joining only the open version (is_current) is not enough: go from "
                    "the fact's version to its tail number, and from there to the newest operator.", table)
    if flown[flown > 0].to_dict() == now.to_dict():
        raise Wrong("as_flown counts by today's operator: history is overwritten as in type 1.", table)
    if current[current > 0].to_dict() == then.to_dict():
        raise Wrong("as_today counts by the operator at the time. Today's is the operator of the aircraft's open version.",
                    table)
    if set(then.index) - set(table.operator):
        raise Wrong("An operator that flew but has no aircraft today is missing. Keep the operators of both counts.", table)
    expected = pd.DataFrame({"as_flown": then, "as_today": now}).fillna(0).rename_axis("operator").reset_index()
    same_rows(table, expected, key="operator", sentence="Some operator has the wrong number")
    return "One table, two questions: what happened then, and how that looks by today's fleet."


def daily_aggregate(answer):
    """(daily, mean_delay): daily(facts) is smaller than the facts; mean_delay(daily, by) still gives the exact means."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise Wrong("Give both functions: lab.check(4, (daily, mean_delay)).")
    daily, mean_delay = answer
    facts = pd.DataFrame(trial.DELAYS, columns=["date", "carrier", "origin", "dep_delay"])
    small = ask(daily, trial.delays()).cache()
    groups = facts.groupby(["date", "carrier", "origin"])
    per_day = groups.dep_delay.agg(["mean", "sum", "size", "count"]).reset_index()
    try:
        kept = table_rows(small, columns=["date", "carrier", "origin"])
        if len(kept) != len(per_day):
            raise Wrong("The aggregate must have one row per date, carrier and origin that had a flight, cancelled or not.", kept)
        for by in (["carrier"], ["origin"]):
            made = table_rows(ask(mean_delay, small, by), columns=[*by, "mean_delay"])
            exact = facts.groupby(by).dep_delay.mean()
            groups = per_day.groupby(by)
            means = dict(zip(made[by[0]], made.mean_delay.astype(float).round(6)))
            judge(means, exact.round(6).to_dict(), [
                (groups["mean"].mean().round(6).to_dict(),
                 "That is a mean of means: a day with one flight weighs as much as a day with a hundred."),
                ((groups["sum"].sum() / groups["size"].sum()).round(6).to_dict(),
                 "You divided by all flights. A cancelled flight has no delay, so it belongs in no mean of delays: count those "
                 "that departed."),
                (lambda: groups["mean"].apply(lambda means: means.fillna(0).mean()).round(6).to_dict(),
                 "A day on which nothing departed has no mean. You counted it as a day of punctual flights."),
                (groups["sum"].sum().astype(float).round(6).to_dict(), "Those are minutes in all, not minutes per departure.")],
                f"Some mean by {by[0]} is not the mean of the facts.", show=made)
    finally:
        small.unpersist()
    return "Sums add up in any direction; divide at the very end."


def lifecycle(answer):
    """(absorb, nobody_flew): a snapshot from events in any order, delivered at least once; routes without a departure."""
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise Wrong("Give both functions: lab.check(5, (absorb, nobody_flew)).")
    absorb, nobody_flew = answer
    expected = trial.milestones()
    idle = {row["route"] for row in expected.values()} - {row["route"] for row in expected.values() if row["departed"]}
    some = {row["route"] for row in expected.values() if row["cancelled"]}

    def one_order(seed):
        delivered = trial.log(seed)
        snapshot = trial.filled(absorb, delivered)
        if len(snapshot) < len(expected):
            raise Wrong("Some departures have no row at all. One row per key is the grain.")
        if len(snapshot) > len(expected):
            raise Wrong("There are more rows than departures. An event that is delivered twice is still one event of one flight.")
        gone = []
        for key, row in expected.items():
            mine = snapshot.get(key, {})
            if any(name not in mine for name in ("route", *trial.KINDS)):
                raise Wrong(f"Each row needs route, {', '.join(trial.KINDS)}, with None for what has not happened.", str(mine))
            for name in ("route", *trial.KINDS):
                if mine[name] != row[name]:
                    show = {"key": key, "milestone": name, "yours": mine[name]}
                    if mine[name] is None:
                        gone.append((name, key, show))
                        continue
                    if row[name] is None:
                        raise Wrong("A milestone is filled in that never happened.", [show])
                    raise Wrong("A milestone holds another value than the moment it occurred.", [show])
        if gone:
            if trial.came_before_schedule(delivered, [(name, key) for name, key, _ in gone]):
                raise Wrong("A departure or an end that came before the flight's schedule is lost. Any event opens the row.",
                            [gone[0][2]])
            raise Wrong("A milestone that had happened is gone: a later event wrote None over it.", [gone[0][2]])
        routes = ask(nobody_flew, snapshot)
        judge(set(routes) if isinstance(routes, (set, list, tuple)) else routes, idle, [
            (some, "Those are the routes with a cancelled flight. On some of them others flew."),
            (set(), "You found no route. A route without departures shows only if you start from what was scheduled."),
            (lambda: {row["route"] for row in expected.values() if not row["arrived"]} - {row["route"] for row in
             expected.values() if row["arrived"]}, "A diverted flight did fly. Ask for routes on which nothing departed.")],
            "Those are not the routes on which flights were scheduled and none departed.")
    over_seeds(20, one_order, budget=20)
    return "Twenty orders, every tenth event delivered twice, one snapshot."


EXERCISES = {
    1: Exercise("Surrogate keys and the unknown member", surrogate_keys,
                ("Number the rows of planes, add one row that is no aircraft, and ask what a left join gives a flight without "
                 "a match.", "F.row_number().over(Window.orderBy('tailnum')), a unionByName with the key -1, and "
                 "F.coalesce('aircraft_key', F.lit(-1))."),
                "A left join keeps every flight, and the unknown member gives those without an aircraft a key that joins. "
                "The number means nothing, so nothing outside can force it to change."),
    2: Exercise("From type 1 to type 2", versions,
                ("Compare each sighting with the one before it of the same aircraft; the first has none before it.",
                 "F.lag('operator').over(tail), <=> (eqNullSafe) for the comparison, then F.lead('seen').over(tail) on the rows "
                 "that are left."),
                "A version begins where the operator differs from the row before, NULL included, and ends where the next one "
                "begins: so there can be no gap and no overlap.", minutes=20),
    3: Exercise("Two questions, one dimension", two_questions,
                ("Write today's operator beside every version first; then both questions are a group by.",
                 "F.max_by('operator', 'valid_from').over(Window.partitionBy('tailnum')), a join on aircraft_key, and a full "
                 "outer join of the two counts."),
                "Type 6: the version's operator says who flew, the aircraft's newest operator is written on every version, "
                "and the fact's key reaches both.", minutes=20),
    4: Exercise("An aggregate that can be added up", daily_aggregate,
                ("Which two numbers give a mean, and can each be summed over days?",
                 "F.sum('dep_delay') and F.count('dep_delay') in the aggregate; divide their sums in mean_delay."),
                "A mean can't be added, its two parts can. count('dep_delay') leaves out NULL, and so the cancelled flights.",
                minutes=20),
    5: Exercise("A snapshot that any order fills", lifecycle,
                ("What must a row look like before anything is known, and which single field does one event change?",
                 "snapshot.setdefault(event['key'], {...all None...})[event['kind']] = event['occurred']; then take the routes "
                 "with departures from all routes."),
                "Each event owns one milestone and writes the moment it occurred, so order and repetition can't matter. What "
                "did not happen shows only against what was scheduled.", minutes=40, starred=True),
}
