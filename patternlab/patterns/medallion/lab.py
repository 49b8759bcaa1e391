"""Lab 03: what is right in each exercise, and what each usual mistake is told."""
from datetime import date, datetime

from ...checking.calls import ask, kind, session
from ...checking.kinds import pair
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import plain, rows as table_rows
from ...flights import events
from . import trial


def rules(answer):
    """(rules, key): SQL conditions by name and the key's columns; judged on fourteen observations in one Spark action."""
    from pyspark.sql import Window, functions as F
    conditions, key = pair(answer, 1, "RULES", "KEY")
    if not isinstance(conditions, dict) or not conditions:
        raise Unfit(f"The rules should be a dict of SQL conditions by name; yours are {kind(conditions)}.")
    if odd := [name for name, text in conditions.items() if not isinstance(text, str)]:
        raise Unfit(f"A rule should be a text with an SQL condition; {odd[0]!r} is {kind(conditions[odd[0]])}.")
    if not isinstance(key, (list, tuple, set)) or not key or not all(isinstance(name, str) for name in key):
        raise Unfit(f"The key should be a list of column names; yours is {kind(key)}.")
    given = [("weather", 0, number, origin, 2013, 11, day, hour, at and datetime.fromisoformat(at), wind, gust)
             for number, origin, day, hour, at, wind, gust, _ in trial.HOURS]
    verdict = F.coalesce(*[F.when(F.expr(text), F.lit(name)) for name, text in conditions.items()])
    judged = session().createDataFrame(given, trial.COLUMNS).withColumn("rule", verdict)
    copies = Window.partitionBy(*key, F.isnull("rule")).orderBy("offset")
    judged = judged.withColumn("nth", F.row_number().over(copies)).select("offset", "rule", "nth").collect()
    found = {row.offset: row.rule or ("delivered twice" if row.nth > 1 else None) for row in judged}
    named = {expected for *_, expected in trial.HOURS} - {None, "delivered twice"} == set(conditions)

    def judged_as(verdict):     # with rules of other names only whether one of them holds the row back
        return verdict if named or verdict in (None, "delivered twice") else "a rule"

    for number, origin, day, hour, at, wind, gust, expected in trial.HOURS:
        mine = found[number]
        if judged_as(mine) == judged_as(expected):
            continue
        other = f"is held back as {mine!r}" if mine else "stays in silver"
        why = f"its rule is {expected!r}" if mine in conditions and expected in conditions else "it should not"
        sentence = trial.SAID.get((number, mine), f"An observation {other}, and {why}.")
        raise Wrong(sentence, [{"origin": origin, "day": f"2013-11-{day:02}", "hour": hour, "time_hour": at,
                                "wind_speed": wind, "wind_gust": gust, "your verdict": mine or "silver"}])
    return "Nulls, the clock change and gusts are all judged as they should be."


def flagged(answer):
    """A function (flights, planes) -> frame: each flight once, with `aircraft`; one Spark action."""
    spark = session()
    flights = spark.createDataFrame([row[:2] for row in trial.FLIGHTS], "flight INT, tailnum STRING")
    planes = spark.createDataFrame(trial.LISTED, "tailnum STRING, seats INT")
    table = table_rows(ask(answer, flights, planes), columns=["flight", "aircraft"])
    found, told = {}, {}
    for number, aircraft in zip(map(plain, table.flight), map(plain, table.aircraft)):
        found.setdefault(number, []).append(aircraft)
    for number, tail, aircraft in trial.FLIGHTS:
        told.setdefault(number, []).append((tail, aircraft))
    if set(found) - set(told):
        raise Wrong("A row of your frame is no flight: an outer join also brings the aircraft that nobody flew.",
                    table[~table.flight.isin(list(told))].head(3))
    shown = {number: [{"flight": number, "tailnum": sides[0][0], "aircraft": each} for each in found.get(number, [])] or [
        {"flight": number, "tailnum": sides[0][0]}] for number, sides in told.items()}
    gone = [number for number, sides in told.items() if len(found.get(number, [])) < len(sides)]
    for number, sentence in ((4, "The flight of an unregistered aircraft is gone: an inner join drops what has no partner."),
                             (3, "The flight with no tail number is gone. It took place; say that its aircraft is missing."),
                             *((number, f"A flight of {told[number][0][0]} is gone. Each flight should come out once, also where "
                                        "an aircraft flew twice.") for number in gone if number != 6),
                             (6, "Two flights with one flight number became one. On another day the number is another flight.")):
        if number in gone:
            raise Wrong(sentence, shown[number])
    for number, sides in told.items():
        tail, aircraft = sides[0]
        if len(found[number]) > len(sides):
            why = ": the registry lists it twice or more" if tail == "N22" else ". Each flight should come out once"
            raise Wrong(f"The flight of {tail or 'no aircraft'} comes out {len(found[number])} times{why}.", shown[number])
        if wrong := [each for each in found[number] if each not in ("known", "unknown", "missing")]:
            raise Wrong(f"A flight has {wrong[0]!r} for its aircraft. The names are known, unknown and missing.", shown[number])
        if sorted(found[number]) == sorted(side for _, side in sides):
            continue
        if number == 3 and found[number] == ["unknown"]:
            raise Wrong("No tail number, and one that the registry lacks, are two different facts: give them two names.",
                        shown[number])
        knows = "it has no tail number" if tail is None else f"the registry {'has' if aircraft == 'known' else 'lacks'} it"
        raise Wrong(f"A flight of {tail or 'no aircraft'} is flagged {found[number][0]}, and {knows}.", shown[number])
    return "Nobody is lost, nobody is doubled, and a reader can tell why an aircraft is not known."


def conformed(answer):
    """A function planes -> frame with manufacturer and manufacturer_raw; one Spark action on thirteen aircraft."""
    planes = session().createDataFrame([row[:2] for row in trial.MAKERS], "tailnum STRING, manufacturer STRING")
    made = table_rows(ask(answer, planes))
    table = table_rows(made, columns=["manufacturer", "manufacturer_raw"])
    own = "tailnum" if list(made.columns).count("tailnum") == 1 else "manufacturer_raw"     # a row is found by it
    found = {}
    for at, name, raw in zip(map(plain, made[own]), map(plain, table.manufacturer), map(plain, table.manufacturer_raw)):
        row = {own: at, "manufacturer": name, "manufacturer_raw": raw}
        if at in found:
            raise Wrong(f"The aircraft of {own} {at} comes out twice.", [found[at], row])
        found[at] = row
    if len(found) < len(trial.MAKERS) and None not in (row["manufacturer_raw"] for row in found.values()):
        raise Wrong("An aircraft lost its row: one without a manufacturer is still an aircraft.")
    if len(found) != len(trial.MAKERS):
        raise Wrong(f"Of {len(trial.MAKERS)} aircraft {len(found)} came out. Your frame should have as many rows as planes.")
    right = {tail if own == "tailnum" else raw: (raw, name) for tail, raw, name in trial.MAKERS}
    for at, row in found.items():
        if at not in right or row["manufacturer_raw"] != right[at][0]:
            raise Wrong("manufacturer_raw should keep what the source said, letter by letter; yours differs.", [row])
    for at, (raw, name) in right.items():
        if found[at]["manufacturer"] != name:
            one = {found[key]["manufacturer"] for key, (_, other) in right.items() if other == name}
            raise Wrong(_maker(raw, name, found[at]["manufacturer"], one), [found[at]])
    return "One maker, one name, and the source's own words beside it."


def _maker(raw, name, mine, one) -> str:
    """What to say of a manufacturer that should be `name`; `one` holds what its spellings became."""
    if raw is None:
        return "An aircraft without a manufacturer got one. What nobody knows stays NULL."
    if raw == "DOUGLAS":
        return "DOUGLAS is another company here. Look at how a name begins, not at what it contains."
    conforms = name in ("AIRBUS", "MCDONNELL DOUGLAS", "CANADAIR")
    if conforms and len(one) == 1:
        return f"Your one name is {mine!r}. Take the name by which the Goal calls this maker, in capitals."
    if conforms and raw != raw.strip():
        return "A later delivery has spaces or small letters, and your rule no longer knows the name."
    if conforms:
        return f"{name.title().replace('Mcd', 'McD')} still has two spellings in your column."
    if mine is not None and mine.strip().upper() == name:
        return "Another maker keeps its name, but in capitals and without outer spaces."
    return "Another maker does not keep its name. Only the three have several spellings."


def gate(answer):
    """publish(messages, contract, write_silver, write_quarantine): each clause by itself, then 20 seeds of bad days."""
    day = events("report", "day")
    trial.edges(answer, events("report", (date(2013, 7, 1), date(2013, 7, 1))))     # the same for every slice
    over_seeds(20, lambda seed: trial.seed(answer, day, seed))
    return "Twenty bad days and sixty changed sources: nothing lost, nothing half published."


EXERCISES = {
    1: Exercise("Rules with names", rules,
                ("What do SQL comparisons with null give, and which clock never runs backwards?",
                 "IS NULL for the station, > 254 on both winds (null > 254 is not true), station and time_hour as the key."),
                "A rule says when a row breaks a promise, so it must be true only then: null is neither. An observation is "
                "one station at one instant, and only UTC names instants once."),
    2: Exercise("Flagged, not dropped", flagged,
                ("Which join keeps every flight, and what must the other side be so that none is doubled?",
                 "Left join with planes.select('tailnum').distinct() and a marker column, then F.when on null and marker."),
                "The flight is a fact whether or not the registry knows the aircraft. A left join keeps it, a distinct "
                "key keeps it single, and three names keep two reasons apart.", minutes=15),
    3: Exercise("One name for one maker", conformed,
                ("How do all spellings of one maker begin, and what must happen before you compare?",
                 "F.upper(F.trim(...)), then F.when(spoken.startswith(maker), maker) for the three; first keep the raw."),
                "Conforming is a rule about meaning, so it is written once, on cleaned text, and the raw value stays "
                "beside it: somebody will question the rule.", minutes=20),
    4: Exercise("A gate that holds", gate,
                ("Judge first and write last: what do you have to know about the whole batch before the first write?",
                 "Count breaches per field; a missing field counts, a null only where the contract forbids it. Return the "
                 "field above 5 %, else split and write each list once."),
                "The decision needs the whole batch, so nothing may be written before it. Counting per field tells a "
                "changed source (one field, many rows) from ordinary dirt (many fields, few rows).",
                minutes=40, starred=True)}
