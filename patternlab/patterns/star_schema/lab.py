"""Lab 04: what is right in each exercise, and what each usual mistake is told."""
import pandas as pd

from ...checking.calls import ask, kind, session
from ...checking.kinds import numbers, pair
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import judge, plain, rows as table_rows, same_rows
from ...flights import dataset, rows
from . import keys, lives, trial


def surrogate_keys(answer):
    """(dimension, facts) of a function that gets flights and planes: surrogate keys, an unknown member, no flight lost."""
    flights, planes = (session().read.parquet(dataset(table, "day")) for table in ("flights", "planes"))
    made = ask(answer, flights, planes)
    if not isinstance(made, (tuple, list)) or len(made) != 2:
        raise Unfit(f"Return two frames, the dimension and the facts; yours returned {kind(made)}.")
    dim, facts = keys.frames(*made)
    flown, registered = rows("flights", "day"), sorted(rows("planes").tailnum)
    keys.dimension(dim, registered)
    if gone := max(0, len(flown) - len(facts)):
        why = ("Every flight belongs in the facts.", "An inner join drops a flight whose aircraft is not in planes.",
               "So many have no tail number; they took place too.")
        unknown, none = (~flown.tailnum.isin(registered)).sum(), flown.tailnum.isna().sum()
        raise Wrong(f"{gone:,} of the flights are gone. {why[1 if gone == unknown else 2 if gone == none else 0]}")
    if len(facts) > len(flown):
        raise Wrong("There are more facts than flights. A join to a dimension must find one row per fact.")
    if facts.aircraft_key.isna().any():
        raise Wrong("Some facts have NULL for a key, and NULL joins to nothing: the next inner join drops them.",
                    facts[facts.aircraft_key.isna()].head(3))
    facts["aircraft_key"] = numbers(facts.aircraft_key, "The aircraft_key of the facts")
    if not (dim.aircraft_key == -1).any():
        raise Wrong("Your dimension has no row with the key -1, so a join on the key still drops the flights that point "
                    "there.")
    if not facts.aircraft_key.isin(dim.aircraft_key).all():
        raise Wrong("Some facts have a key that your dimension lacks.",
                    facts[~facts.aircraft_key.isin(dim.aircraft_key)].head(3))
    key_of = {tail: key for key, tail in enumerate(registered, 1)}
    known = flown[["carrier", "flight", "origin", "tailnum"]].assign(
        aircraft_key=[key_of.get(tail, -1) for tail in flown.tailnum])
    keys.each_once(facts, known)
    return f"All {len(facts):,} flights are there, {(known.aircraft_key == -1).sum():,} of them with the unknown member."


def versions(answer):
    """tailnum, operator, valid_from, valid_to for sightings in any order; valid_to is NULL while a version is open."""
    table = table_rows(ask(answer, trial.sightings()), columns=["tailnum", "operator", "valid_from", "valid_to"]).copy()
    for name in ("valid_from", "valid_to"):
        table[name] = trial.moments(table[name], name)
    count = table.tailnum.value_counts().to_dict()
    mine = {tail: group.sort_values("valid_from") for tail, group in table.groupby("tailnum")}
    if lost := {tail for tail, _, _ in trial.SIGHTINGS} - set(count):
        raise Wrong(f"{min(lost)} has no version at all: it was seen, so it has a period.", [
            dict(zip(("tailnum", "operator", "seen"), sighting)) for sighting in trial.SIGHTINGS if sighting[0] == min(lost)])
    as_given = trial.periods(sorted(trial.SHUFFLED, key=lambda sighting: sighting[0]))
    begun = {tuple(map(plain, begin)) for begin in zip(table.tailnum, table.operator, table.valid_from)}
    if begun == {(row["tailnum"], row["operator"], row["valid_from"]) for row in as_given}:
        raise Wrong("Your versions follow the order in which the sightings come, and they come in any order. The moment `seen` "
                    "says which one is before which.", table)
    if set(count.values()) == {1}:
        raise Wrong("That is still type 1: one row per aircraft, and its past is overwritten.", table)
    if count["N2"] > 1:
        raise Wrong("An aircraft that never changed has several versions. A version begins where the operator differs from the "
                    "one before, not at every sighting.", mine["N2"])
    if count["N6"] > 2:
        raise Wrong("N6 was first seen without an operator, twice: that is one period. NULL in the sighting before does not "
                    "mean that there was none before.", mine["N6"])
    if count["N3"] < 3:
        raise Wrong("N3 was sold and bought back: its first and its third period are two versions. Grouping by operator makes "
                    "one of them.", mine["N3"])
    if count["N4"] == 2 and set(mine["N4"].operator) == {"AA", "US"}:
        raise Wrong("The time in which N4 had no operator is not there. It is a period of its own, with NULL for an operator.",
                    mine["N4"])
    if count["N4"] < 3:
        raise Wrong("N4 had no operator for a while, which is a period too. A comparison with NULL by <> or != is neither true "
                    "nor false, so it sees no change.", mine["N4"])
    for tail, group in mine.items():
        ends, begins = list(group.valid_to), list(group.valid_from)
        if any(pd.isna(begin) for begin in begins):
            raise Wrong(f"A version of {tail} has no valid_from. It begins where its operator was first seen.", group)
        if not pd.isna(ends[-1]):
            raise Wrong(f"The newest version of {tail} is closed. While nothing newer is known, its valid_to is NULL.", group)
        if any(pd.isna(end) for end in ends[:-1]):
            raise Wrong(f"{tail} has two open versions, so a flight would find both.", group)
        if any(end < begin for end, begin in zip(ends, begins[1:])):
            raise Wrong(f"There is a gap between the versions of {tail}: a flight in it finds none. A version holds until the "
                        "next one begins.", group)
        if any(end > begin for end, begin in zip(ends, begins[1:])):
            raise Wrong(f"Two versions of {tail} overlap: a flight in both is counted twice.", group)
    expected = trial.periods()
    begun = {(row["tailnum"], row["valid_from"]) for row in expected}
    seen = {(tail, moment) for tail, _, moment in trial.SIGHTINGS}
    for tail, group in mine.items():
        if late := [begin for begin in group.valid_from if (tail, begin) in seen - begun]:
            raise Wrong(f"A version of {tail} begins at a later sighting ({late[0]}) than the first with this operator.", group)
    same_rows(table, expected, key=["tailnum", "valid_from"], sentence="The versions are not the periods that were seen")
    return "No gap, no overlap, one open version each, and NULL is a value that can change too."


def two_questions(answer):
    """Frame operator, as_flown, as_today: flights by the operator at the time, and by the aircraft's newest operator."""
    table = table_rows(ask(answer, *trial.facts_and_aircraft()), columns=["operator", "as_flown", "as_today"]).copy()
    for name in ("as_flown", "as_today"):
        table[name] = numbers(table[name], name)
    flown, current = (table.fillna({name: 0}).set_index("operator")[name] for name in ("as_flown", "as_today"))
    then, now, open_only, by_key, every = trial.readings()
    if table.operator.isna().any():
        raise Wrong("A row has NULL for its operator. A row per operator is asked for, and no total.",
                    table[table.operator.isna()])
    if table.operator.duplicated().any():
        raise Wrong("An operator has two rows. One row per operator, with both numbers in it, is asked for.",
                    table[table.operator.duplicated(keep=False)])
    if every in ({name: number for name, number in counts.items() if number} for counts in (flown, current)):
        raise Wrong("There are more flights than facts: joining on the tail number finds every version of the aircraft. "
                    "The fact's aircraft_key names one.", table)
    if flown.sum() > len(trial.FLOWN) or current.sum() > len(trial.FLOWN):
        raise Wrong("There are more flights than facts. In each of the two columns a flight counts once.", table)
    flown, current = ({name: number for name, number in counts.items() if number} for counts in (flown, current))
    if current == open_only:
        raise Wrong("Flights of earlier versions fell out. Joining only the open version (is_current) is not enough: go from "
                    "the fact's version to its tail number, and from there to the newest operator.", table)
    if flown == now:
        raise Wrong("as_flown counts by today's operator: history is overwritten as in type 1.", table)
    if current == then:
        raise Wrong("as_today counts by the operator at the time. Today's is the operator of the aircraft's open version.",
                    table)
    if current == by_key:
        raise Wrong("as_today takes the version with the highest key for the newest. A surrogate key has no order in time; "
                    "valid_from and valid_to have.", table)
    if flew := set(then) - set(table.operator):
        raise Wrong("An operator that flew but has no aircraft today is missing. Keep the operators of both counts." if
                    not flew & set(now) else "An operator that flew is missing.", table)
    if set(now) - set(table.operator):
        raise Wrong("An operator whose aircraft others flew then is missing. Keep the operators of both counts.", table)
    if (empty := table[table.as_flown.isna() | table.as_today.isna()]).size:
        raise Wrong("An operator has NULL where a number is asked for. No flight is the number 0.", empty)
    expected = [{"operator": name, "as_flown": then.get(name, 0), "as_today": now.get(name, 0)} for name in then | now]
    idle = ~table.operator.isin(list(then | now)) & (table.as_flown == 0) & (table.as_today == 0)     # allowed, not asked for
    same_rows(table[~idle], expected, key="operator", sentence="Some operator has the wrong number")
    return "One table, two questions: what happened then, and how that looks by today's fleet."


def daily_aggregate(answer):
    """(daily, mean_delay): daily(facts) is smaller than the facts; mean_delay(daily, by) still gives the exact means."""
    daily, mean_delay = pair(answer, 4, "daily", "mean_delay")
    facts = pd.DataFrame(trial.DELAYS, columns=["date", "carrier", "origin", "dep_delay"])
    small = ask(daily, trial.delays())
    if hasattr(type(small), "cache"):
        small = small.cache()
    groups = facts.groupby(["date", "carrier", "origin"])
    per_day = groups.dep_delay.agg(["mean", "sum", "size", "count"]).reset_index()
    try:
        kept = table_rows(small, columns=["date", "carrier", "origin"])
        if kept.duplicated().any():
            raise Wrong("The aggregate must have one row per date, carrier and origin; yours has several for one.",
                        kept[kept.duplicated(keep=False)])
        if len(kept) < len(per_day):
            raise Wrong("A date, carrier and origin is missing. It has a row also where every flight was cancelled.", kept)
        if len(kept) > len(per_day):
            raise Wrong("There is a row of a date, carrier and origin without a flight.", kept)
        ask(daily, trial.delays(minutes=7))     # other facts: mean_delay may look at what it is given, and at nothing else
        for by in (["carrier"], ["origin"], ["date", "carrier"]):
            made = table_rows(ask(mean_delay, small, by), columns=[*by, "mean_delay"])
            _means(made, by, facts, per_day)
    finally:
        if hasattr(type(small), "unpersist"):
            small.unpersist()
    return "Sums add up in any direction; divide at the very end."


def _means(made, by, facts, per_day) -> None:
    """Wrong unless `made` has the mean delay of the facts for each group of `by`; NULL where nothing departed."""
    if made.duplicated(by).any():
        raise Wrong(f"There are two means for one {' and '.join(by)}. Group by just the columns in `by`.", made)
    made = made.assign(mean_delay=numbers(made.mean_delay, "mean_delay"))

    def told(groups):
        return groups.astype(float).round(6).to_dict()

    means = told(made.set_index(by).mean_delay)
    exact, groups = facts.groupby(by).dep_delay.mean(), per_day.groupby(by)
    if set(means) - set(told(exact)) or set(told(exact)) - set(means):
        raise Wrong(f"The rows by {' and '.join(by)} are not those of the facts: one is missing or made up.", made)
    judge(means, told(exact), [
        (lambda: told(groups["mean"].mean()),
         "That is a mean of means: a day with one flight weighs as much as a day with a hundred."),
        (lambda: told(groups["sum"].sum() / groups["size"].sum()),
         "You divided by all flights. A cancelled flight has no delay, so it belongs in no mean of delays: count those "
         "that departed."),
        (lambda: told(groups["mean"].apply(lambda means: means.fillna(0).mean())),
         "A day on which nothing departed has no mean. You counted it as a day of punctual flights."),
        (lambda: told(exact.fillna(0)), "Where nothing departed there is no mean: NULL, not 0."),
        (lambda: told(groups["sum"].sum()), "Those are minutes in all, not minutes per departure."),
        (lambda: told(exact + 7), "mean_delay gives the means of other facts, which daily saw later. It should look at nothing "
                                  "but the frame that it is given."),
        *[(lambda digits=digits: told(exact.round(digits)), "Your means are rounded: they differ from the mean over the facts.")
          for digits in (0, 1, 2)]],
        f"Some mean by {' and '.join(by)} is not the mean of the facts.", show=made)


def lifecycle(answer):
    """(absorb, nobody_flew): a snapshot from events in any order, delivered at least once; routes without a departure."""
    absorb, nobody_flew = pair(answer, 5, "absorb", "nobody_flew")
    expected = lives.milestones()

    def one_order(seed):
        delivered = lives.log(seed)
        snapshot = lives.filled(absorb, delivered)
        lives.compare(snapshot, expected, delivered)
        lives.routes(nobody_flew, snapshot)
    over_seeds(20, one_order, budget=20)
    for snapshot, told in lives.small_snapshots():
        lives.routes(nobody_flew, snapshot, told)
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
