"""Lab 17's last exercise: needs and measured rows, small cases with a sentence each, and worlds by seed."""
import random

LIMITS = "age", "wrong_now", "wrong_end", "kB"     # a row's number is at most the need's
LINES = 60                                             # lines of code that one person keeps
NAMES = ("etl", "star", "elt", "medallion", "windows", "lambda", "kappa", "cdc", "roll-up", "events", "functions")
NEED = {"age": 60, "wrong_now": 0.25, "wrong_end": 0.125, "kB": 8_000, "rebuild": 100, "changes": 2, "people": 2,
        "corrections": False}
ROW = {"name": "kappa", "age": 30, "wrong_now": 0.125, "wrong_end": 0, "kB": 4_000, "rebuild": 20, "lines": 50,
       "corrections": False}


def right(need: dict, measured: list) -> list:
    """The names of the rows that meet every need, fewest lines first, then by name."""
    fitting = []
    for row in measured:
        asked = [(row[limit], need[limit]) for limit in LIMITS]
        year = need["changes"] and (row["rebuild"] if row["rebuild"] is None else need["changes"] * row["rebuild"])
        asked += [(year, need["rebuild"] if need["changes"] else None), (row["lines"], LINES * need["people"])]
        met = all(most is None or (found is not None and found <= most) for found, most in asked)
        if met and (row["corrections"] or not need["corrections"]):
            fitting.append((row["lines"], row["name"]))
    return [name for _, name in sorted(fitting)]


def case(sentence: str, rows: list, **need) -> tuple:
    """(need, measured, sentence): each of `rows` is what differs from ROW, and the keywords what differs from NEED."""
    return NEED | need, [ROW | row for row in rows], sentence


def _limits() -> list:
    """For every limit: over it, at it, not measured, and a need that asks nothing."""
    made = []
    for limit in LIMITS:
        most = NEED[limit]
        made += [case(f"{limit} is at most the need's, and a row above it does not fit.", [{limit: most * 2}]),
                 case(f"A row whose {limit} equals the limit meets it.", [{limit: most}]),
                 case(f"0 is a limit like any other, and a row with more {limit} than that does not fit.",
                      [{limit: 0}, {"name": "etl", limit: most * 2}], **{limit: 0}),
                 case(f"Nobody has measured {limit} of this row, so it does not meet the need.", [{limit: None}]),
                 case(f"The need says None for {limit}: then it does not matter, whatever the row has.",
                      [{"name": "etl", limit: most * 9}, {limit: None}], **{limit: None})]
    return made


CASES = [
    case("One row meets every need here, and the answer is a list with its name.", [{}]),
    case("Nothing fits here, and then the list is empty.",
         [{"age": 3_600, "kB": 90_000}, {"name": "etl", "wrong_now": 0.5, "rebuild": 90}]),
    case("Nothing was measured, so nothing fits: the list is empty.", []),
    case("All rows that fit are asked for, fewest lines first.",
         [{"name": "cdc", "lines": 90}, {"name": "lambda", "lines": 40}, {"name": "etl", "lines": 70}]),
    case("Rows with equally many lines go by name.", [{"name": "lambda"}, {"name": "cdc"}, {"name": "kappa"}]),
    *_limits(),
    case("A correction must reach the answer here, and one of these rows takes none.",
         [{"name": "windows"}, {"corrections": True}], corrections=True),
    case("No correction has to reach the answer, and a row that takes them fits as well as one that does not.",
         [{"name": "windows"}, {"corrections": True}]),
    case("One rebuild is short enough. All those of a year together are not.", [{}], changes=12),
    case("The rebuilds of a year take as long as the limit, and what equals a limit meets it.", [{}], changes=5),
    case("Nobody has measured a rebuild, and the rule changes: the need is not met.", [{"rebuild": None}]),
    case("The rule never changes, so nobody rebuilds anything, however long it would take.",
         [{"name": "etl", "rebuild": 9_000}, {"rebuild": None}], changes=0),
    case("The need says None for rebuild: its seconds do not matter, whatever the row has.",
         [{"name": "etl", "rebuild": 9_000}, {"rebuild": None}], rebuild=None),
    case("Two people keep 120 lines, and 121 are too many.", [{"lines": 121}]),
    case("Two people keep 120 lines, all of them.", [{"lines": 120}]),
    case("One person keeps 60 lines.", [{"lines": 61}, {"name": "etl", "lines": 60}], people=1),
]


def world(seed: int) -> tuple:
    """(need, measured): eleven rows in any order, numbers that meet limits or miss them, and some not measured."""
    dice = random.Random(seed)

    def drawn(*values, gaps=0.1):
        return None if dice.random() < gaps else dice.choice(values)

    names = dice.sample(NAMES, len(NAMES))
    measured = [{"name": name, "age": drawn(1, 5, 60, 3_600), "wrong_now": drawn(0, 0.125, 0.25, 0.5),
                 "wrong_end": drawn(0, 0, 0, 0.125), "kB": drawn(2_000, 4_000, 8_000, 16_000),
                 "rebuild": drawn(2.5, 10, 20, 45), "lines": dice.choice((30, 45, 45, 60, 90, 120)),
                 "corrections": dice.random() < 0.75} for name in names]
    need = {"age": drawn(60, 3_600, gaps=0.3), "wrong_now": drawn(0.125, 0.25, 0.5, gaps=0.3),
            "wrong_end": drawn(0, 0.125, gaps=0.3), "kB": drawn(8_000, 16_000, gaps=0.3),
            "rebuild": drawn(90, 180, 540, gaps=0.3), "changes": dice.choice((0, 2, 4, 12)),
            "people": dice.choice((1, 2, 3)), "corrections": dice.random() < 0.4}
    return need, measured
