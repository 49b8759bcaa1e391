"""Lab 06: what is right in each exercise, and what each usual mistake is told."""
import pandas as pd

from ...checking.calls import ask, do, kind
from ...checking.delta import delta_history, last_operation
from ...checking.kinds import collection
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from . import trial


def corrected(answer):
    """correct(table, corrections): one MERGE; the newest revision of each key, if it is newer than the table's."""
    table = trial.first_reports("corrected")
    corrections = trial.arrow(trial.CORRECTIONS).to_pylist()
    do(answer, table, corrections)
    right = {key: (*values,) for key, *values in trial.CORRECTED}
    mine = trial.found(table)
    was = {key: (*values,) for key, *values in trial.REPORTED}
    if mine == {key: [values] for key, values in was.items()}:
        raise Wrong("No row of the table changed. Is the merge executed, and does it update and insert?")
    if twice := [key for key, values in mine.items() if len(values) > 1]:
        raise Wrong(f"{twice[0]} is in the table more than once. A correction replaces the row of its flight.",
                    _shown(twice[0], mine))
    mine = {key: values[0] for key, values in mine.items()}
    if gone := [key for key in was if key not in mine]:
        why = "A flight without a correction stays as it is."
        if gone[0] in {key for key, *_ in trial.CORRECTIONS}:
            why = "A correction replaces a row; a cancelled flight is a row too, without a delay."
        raise Wrong(f"{gone[0]} was in the table and is gone. {why}")
    if mine["F3"][1:] == (99, 1):
        raise Wrong("An older revision overwrote a newer row: F3 had revision 2 in the table, and a late revision 1 "
                    "came. The update needs a condition.", _shown("F3", mine))
    if mine["F8"] == ("ATL", 44, 1):
        raise Wrong("F8 had revision 1 in the table, and a correction of revision 1 replaced it. That row was not "
                    "older.", _shown("F8", mine))
    taken = {"last": ("F1", ("LAX", 20, 1), ("SFO", 46, 2)), "first": ("F7", ("DEN", 8, 1), ("SFO", 44, 1))}
    for came, (key, one, other) in taken.items():
        if (mine.get(key), mine["F6"]) == (one, other):
            raise Wrong(f"You took the correction that came {came}. The newest is the one with the highest revision, "
                        "whenever it came.", _shown(key, mine))
    if mine["F6"] == ("SFO", 45, 3):
        raise Wrong("F6 has the delay of its newest correction and not its dest. A correction replaces the whole "
                    "row.", _shown("F6", mine))
    if mine["F4"] == was["F4"]:
        raise Wrong("F4 was cancelled: its correction has no delay, and it counts like any other.", _shown("F4", mine))
    if "F5" not in mine:
        raise Wrong("F5 is missing. Its first report was lost, so the table does not know it: it has to be inserted.")
    if mine["F1"] == was["F1"]:
        raise Wrong("New flights are there, but no row was corrected: F1 says 0 minutes still.", _shown("F1", mine))
    if mine != right:
        odd = min(key for key in right.keys() | mine.keys() if mine.get(key) != right.get(key))
        if odd not in mine:
            raise Wrong(f"{odd} is missing. The table does not know it, so its newest correction has to be inserted.")
        raise Wrong(f"The row of {odd} is not what its newest revision says.", _shown(odd, mine))
    last_operation(table, "MERGE")
    if len(delta_history(table)) > 2:
        raise Wrong("You made more than one commit. A reader between them sees a table that is half corrected.")
    return "One commit, and the order of the corrections made no difference."


def _shown(key, mine):
    rows = [("table before", *row) for row in trial.REPORTED if row[0] == key]
    rows += [("correction", *row) for row in trial.CORRECTIONS if row[0] == key]
    values = mine[key] if isinstance(mine[key], list) else [mine[key]]
    rows += [("yours", key, *each) for each in values]
    texts = [["null" if value is None else value for value in row] for row in rows]
    return pd.DataFrame(texts, columns=["", *trial.COLUMNS])


def files_of(answer):
    """live(log, version): the files of a version of logs with and without checkpoints."""
    for log, version, letters, sentence in trial.LOGS:
        mine = _names(ask(answer, log, version))
        right = {f"{letter}.parquet" for letter in letters}
        if mine == right:
            continue
        if not mine and log is trial.YOUNG:
            raise Wrong("Your answer has no file at all, and each of these versions has some.", _actions(log))
        if log is trial.YOUNG and version == 1:
            if mine > right or mine == {"a.parquet", "c.parquet"}:
                raise Wrong("Commits after the version that was asked for count in your answer.", _actions(log))
            if mine == {"a.parquet", "b.parquet"}:
                raise Wrong("The commit of the version itself belongs to it: version 1 is what commit 1 leaves "
                            "behind.",
                            _actions(log))
        if log is trial.YOUNG and version == 3 and mine > right:
            raise Wrong("A file that a commit removed is still in your answer. Take commits in the order of their "
                        "numbers: the dict has them in any order.", _actions(log))
        raise Wrong(sentence, _actions(log))
    return "Young logs, old logs, any version: a checkpoint is only a later beginning."


def _names(made) -> set:
    """The names that were returned, in whatever holds several things; Unfit where they are no names."""
    if isinstance(made, (frozenset, type({}.keys()))) or hasattr(type(made), "tolist"):
        made = list(made)
    collection(made, "The files", (set, list, tuple, dict))
    if odd := [name for name in made if not isinstance(name, str)]:
        raise Unfit(f"The files should be names, which are texts; yours has {kind(odd[0])}.")
    return set(made)


def _actions(log) -> str:
    lines = []
    for name in sorted(log):
        words = [f"{kind} {said['path']}" for action in log[name] for kind, said in action.items() if "path" in said]
        lines.append(f"{name.lstrip('0') if int(name[:20]) else name[19:]}: {', '.join(words)}")
    return "\n".join(lines)


def repaired(answer):
    """repair(table, bad): what commit `bad` deleted is back; what was written since stays, in each new version."""
    for number, (table, bad, right) in enumerate(trial.damaged()):
        before, newest = trial.found(table), delta_history(table)[0]["version"]
        do(answer, table, bad)
        _judge(table, before, newest, {key: (*values,) for key, *values in right}, number)
    return "The deleted rows are back, and nobody lost what came later."


def _judge(table, before, newest, right, number):
    versions = [entry["version"] for entry in delta_history(table)]
    if versions[0] == newest:
        raise Wrong("The table has no new version: nothing was repaired.")
    mine = trial.found(table)
    if "G" not in mine or "H" not in mine or mine["H"] == [("MIA", 8, 0)]:
        raise Wrong("What was written after the bad delete is gone or as it was before: G was appended and H "
                    "corrected since. A RESTORE takes back all that came later.")
    if "E" in mine:
        raise Wrong("E is back, and it was deleted later, on purpose. Bring back what this one commit deleted.")
    if len(mine.get("C", [])) > 1 or mine.get("C") == [("BOS", 3, 0)]:
        raise Wrong("C has been reported again since, with revision 1. That row stays, alone.")
    if twice := [key for key, values in mine.items() if len(values) > 1]:
        raise Wrong(f"{twice[0]} is in the table twice. Some rows of the old version are still in the newest.")
    if lost := sorted(set(right) - set(mine)):
        where = " In this table the bad commit is not number 1: `bad` says which it is." if number else ""
        raise Wrong(f"{lost[0]} is still missing.{where}")
    mine = {key: values[0] for key, values in mine.items()}
    if mine != right:
        odd = min(key for key in right.keys() | mine.keys() if mine.get(key) != right.get(key))
        raise Wrong(f"The row of {odd} should not be there, or differs from what it was.")
    for version in [version for version in versions if version > newest]:
        if not {"G", "H"} <= set(trial.found(table, version)):
            raise Wrong("In one of the versions that you committed, rows are missing that were written since. A "
                        "reader between your commits sees that.")


def laid_out(answer):
    """layout(departures, files, limit): a file for each row; questions for one value open few files, over 20 seeds."""
    few = trial.departures(0).head(10)
    _files(ask(answer, few.copy(), 4, 4), few, 4, 4)

    def one(seed):
        table, limit = trial.departures(seed), trial.ROWS * 5 // 4 // trial.FILES
        file = _files(ask(answer, table.copy(), trial.FILES, limit), table, trial.FILES, limit)
        opened = trial.opened(table, file, seed)
        total = sum(opened.values())
        if total <= trial.BUDGET:
            return
        show = pd.DataFrame([{"a question for one": name, "opens files (mean)": round(count, 1)}
                             for name, count in opened.items()])
        bad = [name for name, count in opened.items() if count > trial.FILES * 0.75]
        if len(bad) == 3:
            raise Wrong("No question can skip much: in each column nearly every file has a wide range.", show)
        if len(bad) == 2:
            good = next(name for name in opened if name not in bad)
            raise Wrong(f"Your files are in order of {good}, and of that alone. Sorting by more columns after it "
                        "changes nothing: the first one has used up the files.", show)
        if len(bad) == 1:
            raise Wrong(f"Two columns have narrow ranges, and {bad[0]} has none.", show)
        raise Wrong(f"Three questions open {total:.1f} files together, at most {trial.BUDGET} are asked for.", show)
    over_seeds(20, one, budget=20)
    return f"Twenty tables, and three questions open at most {trial.BUDGET} files together."


def _files(made, table, files, limit):
    """The answer as a Series of file numbers; Wrong where a row of `table` has none or a file has too many."""
    if not isinstance(made, (list, tuple, pd.Series)) and type(made).__name__ != "ndarray":
        raise Unfit(f"Return a list (or a Series) with a file number for each row; yours is {kind(made)}.")
    if len(made) != len(table):
        raise Wrong(f"You gave {len(made):,} numbers for {len(table):,} rows. Each row lies in one file.")
    if isinstance(made, pd.Series) and set(made.index) == set(table.index):
        made = made.reindex(table.index)
    numbers = pd.to_numeric(pd.Series(list(made)), errors="coerce")
    odd = [one for one, whole in zip(made, numbers.isin(range(files))) if not whole]
    if odd:
        raise Wrong(f"A file number is a whole number from 0 to {files - 1}; one of yours is {kind(odd[0])}."
                    if numbers.isna().any() else f"Some file numbers are not among 0 to {files - 1}.")
    fullest = numbers.value_counts()
    if fullest.iloc[0] > limit:
        raise Wrong(f"One file holds {fullest.iloc[0]:,} of {len(table):,} rows, more than the limit of {limit:,}.")
    return numbers.astype(int)


EXERCISES = {
    1: Exercise("Merge late corrections", corrected,
                ("Which row of a flight is the newest, and which rows of the table may it replace?",
                 "Sort by revision before you fill the dict, so that the highest comes last; and "
                 "predicate=\"new.revision > old.revision\" on the update."),
                "MERGE wants one source row for a key, so the newest is chosen before. The condition makes it safe "
                "to run again, and to run late: what is in the table only ever becomes newer."),
    2: Exercise("A log with a checkpoint", files_of,
                ("A checkpoint is a whole version. Which one may you begin with, and which commits come after it?",
                 "start = max of the checkpoints' numbers <= version, else -1; then the checkpoint `start` and the "
                 "commits with start < number <= version, in order."),
                "A checkpoint says what all commits up to it have left behind. So a reader begins with the newest "
                "that is not too new, and a writer may throw the older commits away.", minutes=15),
    3: Exercise("Repair a bad delete", repaired,
                ("Which rows did that one commit delete? Compare two versions, and then look at the newest.",
                 "Rows of version bad - 1 whose key is neither in version bad nor in the newest version; append "
                 "them."),
                "RESTORE is right while nobody has written since. Later a repair is a new commit: it adds what one "
                "commit took, and respects what others decided.", minutes=20),
    4: Exercise("A layout for three questions", laid_out,
                ("Sixteen files are not sixteen steps along one line: how many cuts can each of three columns get?",
                 "Cut by dest into 4 parts of equal size, each of them by carrier into 2, each of those by scheduled "
                 "into 2 (groupby the file so far, rank(method=\"first\", pct=True))."),
                "4 x 2 x 2 boxes: a question for one value opens the boxes of its slice, about 4, 8 and 8. Sorting "
                "gives one column everything and the others nothing. A Z-order or Hilbert curve is the same idea "
                "for any number of files; its boxes are less even, and here it opens a file or two too many.",
                minutes=40, starred=True)}
