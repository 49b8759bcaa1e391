"""Lab 02: a model over raw, how far to look back, landing a retried drop, and a policy for a source that drifts."""
from random import Random

from ...checking.calls import ask, do, fits, kind, session
from ...checking.delta import delta_log, delta_rows
from ...checking.kinds import number, numbers, pair
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import judge, plain, rows as table_rows
from ...session import workspace
from ...truth import truth
from . import trial


def model(answer):
    """A function raw -> frame: punctuality by hour and origin; one Spark action on eleven messages."""
    frame = session().createDataFrame(trial.raw(), "key STRING, offset BIGINT, text STRING")
    table = table_rows(ask(answer, frame), columns=["hour", "origin", *trial.COUNTED])
    if len(table) and not all(hasattr(value, "hour") for value in table.hour):
        raise Unfit("hour should be a moment such as 2013-07-01 10:00:00: the hour of one day is not that of another.")
    for name in trial.COUNTED:
        table[name] = numbers(table[name], name)
    mine, expected = {}, trial.counted()
    for hour, origin, *counts in table.itertuples(index=False):
        at = f"{plain(hour):%Y-%m-%d %H:%M}", origin
        if at in mine:
            raise Wrong("There are two rows for one hour and origin.", table[(table.hour == hour) & (table.origin == origin)])
        mine[at] = tuple(counts)

    def said(**mistake):
        digits = mistake.get("digits", 13)
        ends = {10: " 00:00", 13: ":00", 16: ""}[digits]
        return {(moment + ends, origin): counts for (moment, origin), counts in trial.counted(**mistake).items()}

    other = [row for row in table.to_dict("records")
             if said().get((f"{plain(row['hour']):%Y-%m-%d %H:%M}", row["origin"])) !=
             tuple(row[name] for name in trial.COUNTED)]
    judge(mine, said(), [
        (lambda: said(message="oldest"), "A flight that was reported twice counts with its oldest report. The newest message has "
                                         "the largest offset."),
        (lambda: said(message="largest"), "You took the largest text of a flight. The newest message is the one with the largest "
                                          "offset, whatever its text."),
        (lambda: said(message="all"), "A flight that was reported twice counts twice."),
        (lambda: said(by="arrival"), "You grouped by arrival. The hour is the one for which the flight was scheduled."),
        (lambda: said(digits=10), "Your hours are whole days: 10:00 and 15:00 fell together."),
        (lambda: said(digits=16), "Your hours still have minutes."),
        (lambda: said(within=lambda delay: delay < 15), "A flight 15 minutes late is still on time: at most 15."),
        (lambda: said(within=lambda delay: delay <= 0), "A flight some minutes late is on time up to 15 of them."),
        (lambda: said(within=lambda delay: 0 <= delay <= 15), "A flight that left early is on time, too: it is not late."),
        (lambda: said(within=lambda delay: abs(delay) <= 0), "Only flights that left to the minute are on time in your model."),
        (lambda: said(left=lambda delay: True), "A cancelled flight departed, by your model. It has no dep_delay."),
        (lambda: said(left=lambda delay: bool(delay)), "A flight without a delay departed as well: 0 is not NULL."),
        (lambda: said(idle=True), "A cancelled flight is on time, by your model. It never left."),
        (lambda: said(left=lambda delay: True, idle=True), "Cancelled flights departed on time, by your model. They never left."),
        (lambda: {at: counts for at, counts in said().items() if counts[1]},
         "An hour is gone in which every flight was cancelled. It had a flight all the same.")],
        "Some hour has wrong counts." if len(mine) == len(expected) else "Your rows are not one for each hour and origin.",
        show=other[:3] or None)
    return "A corrected report, a cancelled flight and a lonely hour are all where they belong."


def _case(load, drops, back, sentence, mistakes=trial.MISTAKES):
    """Wrong with this sentence unless load(drops, back) has the right reports; mistakes: (what `loaded` is told, sentence)."""
    table, right = ask(load, drops, back), trial.loaded(drops, back)
    if not isinstance(table, dict):
        raise Unfit(f"load should return its table, a dict from key to report. Yours returned {kind(table)}.")
    if odd := [report for report in table.values() if not isinstance(report, dict) or "key" not in report]:
        raise Unfit(f"The table should hold whole reports, dicts with key, day and dep_delay. Yours holds {kind(odd[0])}.")
    if table == right:
        return
    only = sorted(set(map(str, table)) ^ set(right))
    told = f"flights on one side only: {', '.join(only)}" if only else "an older report of a flight stands in your table"
    days = " | ".join(" ".join(f"{each['key']}:{each['day']:%d}" for each in drop) for drop in drops)
    own = [said for mistake, said in mistakes if table == trial.loaded(drops, **{"back": back, **mistake})]
    raise Wrong((own or [sentence])[0], f"back={back}, days of the drops: {days}\n{told}")


def look_back(answer):
    """(load, smallest): a load that looks back, and the fewest days that it must; pure Python."""
    load, smallest = pair(answer, 2, "load", "smallest")
    fits(load, [], 0)
    fits(smallest, [])
    _case(load, trial.made_up("a1", "b3 c2 d3"), 0, "Nothing is late here, and your load has other flights.")
    drops = trial.made_up("a1 b1", "c2 d2", "e3 f3")
    _case(load, drops, 0, "Nothing is late here, and not every flight is loaded.")
    late = trial.made_up("a1 b1", "c2 b2", "d3 e2 f1")
    _case(load, late, 1, "With back=1 the newest day in the table counts too, and no earlier one.",
          [({"back": 0}, "With back=1 a flight of the newest day in the table is missed. Your load does not look back."),
           ({"inclusive": True}, "With back=1 you take a flight of the day before the newest one: later than means later.")])
    _case(load, late, 0, "With back=0 only days later than the newest one in the table count.", ())
    _case(load, late, 2, "With back=2 a flight of the day before the newest one counts.", ())
    _case(load, trial.made_up("a3", "b2", "c1 d3"), 2, "Where a drop holds late reports only, your load has other flights.")
    _case(load, trial.made_up("a1 b1", "a1 c1"), 1, "A report that comes again should replace the older one.")
    _case(load, trial.made_up("", "a1", "", "b1 c2"), 1, "An empty drop changed what is loaded.")
    for drops, told in ((trial.made_up("a1 b1", "c2", "d3"), "nothing is late"),
                        (trial.made_up("a1 b1", "c2 d1", "e3 f2"), "reports come one day late"),
                        (trial.made_up("a1", "b2", "c3", "d5 e2"), "a report comes late by more than a day"),
                        (trial.made_up("a1", "b9", "c2 d9"), "a report comes more than a week late"),
                        (trial.made_up("a1 b1", "a1 c2 b1"), "reports come again, and nothing else is late"),
                        (trial.made_up("a1 b1"), "there is one drop"), ([], "there are no drops")):
        found, right = number(ask(smallest, drops), "What smallest returns"), trial.fewest(drops)
        if found != right:
            more = "A smaller one is enough" if found > right else "A flight is missed with it"
            raise Wrong(f"Where {told}, smallest returned {found}. {more}.")
    week = trial.daily_drops("week")
    if number(ask(smallest, week), "What smallest returns") != truth("look_back", "week"):
        raise Wrong("On the reports of your slice smallest is wrong. Compare flights, key by key.")
    return "Right for drops that were made up, and for those of your slice. Next year's may need more."


def landing(answer):
    """land(path, messages): a drop of which a part was landed before; one MERGE on a table of four rows."""
    fits(answer, "path", None)
    path = workspace("lab-02-check") / "raw"
    trial.landed(path)
    before = {action["add"]["path"] for _, actions in delta_log(path) for action in actions if "add" in action}
    messages = session().createDataFrame(trial.RETRIED, "partition INT, offset BIGINT, text STRING")
    do(answer, str(path), messages)
    removed = {action["remove"]["path"] for _, actions in delta_log(path) for action in actions if "remove" in action}
    table = table_rows(delta_rows(path), columns=["partition", "offset", "text"])
    found = {}
    for partition, offset, text in table.itertuples(index=False):
        found.setdefault((int(partition), int(offset)), []).append(plain(text))
    old, new = ({(partition, offset): text for partition, offset, text in part} for part in (trial.LANDED, trial.NEW))
    shown = table.sort_values(["partition", "offset"])
    if not set(new) & set(found) and len(table) == len(old):
        raise Wrong("Nothing has landed: the table is as it was before.", shown)
    if set(old) - set(found):
        raise Wrong("Messages that raw had before are gone. A load adds, and takes nothing away.", shown)
    for at, sentence in (((0, 3), "A new message is missing. That raw has a later one does not say that it has this one."),
                         ((0, 4), "A message is missing whose text came before, at another address. It is another message."),
                         ((1, 2), "A message of partition 1 is missing: its offset is taken in partition 0 only."),
                         ((1, 0), "A message without a text is missing. It has an address, so it lands.")):
        if at not in found:
            raise Wrong(sentence, shown)
    for at, texts in found.items():
        if len(texts) > 1:
            raise Wrong(f"The message at partition {at[0]}, offset {at[1]} is there {len(texts)} times: it had landed before.",
                        shown)
    for at, text in old.items():
        if found[at] != [text]:
            raise Wrong("A text that had landed was changed by the retry. Raw is written once.", shown)
    for at, text in new.items():
        if found.get(at) != [text]:
            raise Wrong("A new text did not land as it came.", shown)
    if len(found) > len(old) + len(new):
        raise Wrong("There is a message in the table that nobody sent.", shown)
    if removed & before:
        raise Wrong("The rows are right, but you wrote all of raw anew. Add to it: what has landed is not touched.",
                    f"files of the table before: {len(before)}, rewritten: {len(removed & before)}")
    return "Each message once, whatever was retried, and no old file was touched."


EDGES = [  # (the positions among ten messages and what changes there, sentences)
    ((), {}, {"": "A drop that keeps the contract should be loaded as it is."}),
    (range(3), {"debug": 1}, {"verdict reject": "A new field in three of ten messages is no reason to reject. Ignore it.",
                              "verdict": "A new field in three of ten messages is too rare to be added. Ignore it.",
                              "rows": "A new field in three of ten messages is in your rows. Ignore it.",
                              "": "A new field in three of ten messages is in your contract. Ignore it."}),
    (range(10), {"gate": "B7"}, {"verdict": "A new field in all messages should be added.",
                                 "rows": "A new field in all messages is not in your rows.",
                                 "": "The new field should be in the contract, of type text and not required."}),
    (range(5), {"gate": "B7"}, {"verdict": "A new field in half of the messages is added: at least half.",
                                "rows": "Where a message lacks the new field, its row has None.",
                                "": "The new field should be in the contract, of type text and not required."}),
    (range(10), {"seats": 55}, {"": "A new field whose values are whole numbers is of type int."}),
    (range(10), {"seats": 55, "row": "12C"}, {"verdict": "Two new fields in all messages should be added.",
                                             "": "One new field has whole numbers, the other one texts: each has its own type."}),
    (range(10), {"origin": 7}, {"verdict": "Any value can be read as text, a number too. That is no reason to reject.",
                                "": "A number in a field of type text should be a text in the rows."}),
    ((2,), {"origin": ...}, {"verdict": "A required field is missing in one message: reject the drop.",
                             "": "A rejected drop loads nothing, and leaves the contract as it was. Half a drop is no drop."}),
    ((2,), {"origin": None}, {"verdict": "A required field is None in one message: reject the drop.",
                              "": "A rejected drop loads nothing, and leaves the contract as it was."}),
    ((2,), {"flight": "12A"}, {"verdict": "A required int came as '12A', which is none: reject the drop.",
                               "": "A rejected drop loads nothing, and leaves the contract as it was."}),
    (range(10), {"flight": "12"}, {"verdict": "An int that comes as the text '12' can be read. That is no reason to reject.",
                                   "": "An int that comes as the text '12' should be 12 in the rows."}),
    (range(10), {"dep_delay": "NA"}, {"verdict": "'NA' in a field that is not required is no reason to reject: it becomes None.",
                                      "": "What can't be read, in a field that is not required, becomes None."}),
    (range(10), {"dep_delay": ...}, {"verdict": "A field that is not required may be missing.",
                                     "": "Where a field that is not required is missing, the row has None."}),
    (range(10), {"gate": "B7", "origin": ...}, {"verdict": "A required field is missing, whatever else is new: reject.",
                                                "": "A rejected drop loads nothing, and adds nothing to the contract."})]


def policy(answer):
    """decide(contract, drop) -> (verdict, rows, contract): each clause alone, then twenty seeds of drifting drops."""
    fits(answer, {}, [])
    ten = trial.messages(10)
    for at, fields, said in EDGES:
        trial.tried(answer, trial.changed(ten, at, **fields), said)
    mixed = trial.changed(trial.changed(ten, range(10), seats=55), (7,), seats="?")
    trial.tried(answer, mixed, {"verdict": "A new field in all messages should be added.",
                                "rows": "A new field with numbers and a text is of type text: its rows have texts.",
                                "": "A new field is of type int only if all its values are whole numbers. One is a text here."})
    short = {name: trial.CONTRACT[name] for name in ("key", "origin")}
    trial.tried(answer, trial.changed(ten, range(10), flight=..., dep_delay=...), {"": "Another contract has other fields: take "
                "them from `contract`."}, contract=short)
    trial.tried(answer, [], {"": "An empty drop is loaded: no rows, the same contract."})
    over_seeds(20, lambda seed: trial.drifts(answer, Random(seed)))
    return "Twenty sources that drift: nothing half loaded, nothing lost that could be read."


EXERCISES = {
    1: Exercise("One statement over raw", model,
                ("Which message of a flight counts, and which aggregate leaves out NULL by itself?",
                 "max_by(text, offset), date_trunc('hour', report.scheduled), count(report.dep_delay), "
                 "count_if(report.dep_delay <= 15)."),
                "The newest message has the largest offset. count(column) leaves out NULL, and a comparison with NULL "
                "is not true, so a cancelled flight is neither departed nor on time."),
    2: Exercise("How far to look back", look_back,
                ("What did the table know before the drop, and what should happen to a key that is there already?",
                 "newest - timedelta(days=back) is the limit; table[report['key']] = report replaces. In smallest, count back up "
                 "from 0 until the keys of load(drops, back) are those of all drops."),
                "The limit is fixed before a drop is read, and writing under a key replaces. smallest compares with a full "
                "refresh: the keys of all drops. It tells about the past; no look-back is safe for the future.", minutes=20),
    3: Exercise("Landing a retried drop", landing,
                ("By what do you know that a message has landed: its text, its offset, or more?",
                 "MERGE INTO delta.`{path}` AS raw USING {messages} AS new ON raw.partition = new.partition AND raw.offset = "
                 "new.offset WHEN NOT MATCHED THEN INSERT *."),
                "The address, partition and offset together, is a message's name. A MERGE with nothing but WHEN NOT MATCHED "
                "inserts what is new and leaves every old file alone.", minutes=15),
    4: Exercise("A policy for drift", policy,
                ("Decide first: look through the whole drop for a reason to reject, before you make a single row.",
                 "One loop over the contract's required fields, one over the new fields with their share, then the rows from the "
                 "contract that results."),
                "The verdict needs the whole drop, so it comes first. The rows are made last, from one list of fields, the "
                "contract's: so each row has each field, and nothing else.", minutes=40, starred=True)}
