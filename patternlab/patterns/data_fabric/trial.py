"""The worlds of lab 14, exercises 1 to 3: events of runs, pairs of columns, edges with kinds and tags."""
import random

# --- exercise 1
CATALOGUE = {"flights", "planes", "departed", "makers", "watchlist"}


def _event(kind: str, read: str, written: str) -> dict:
    """An event of this type, the data sets given as words; a name with a / is a path of its own."""
    def sets(words):
        return [{"namespace": "file", "name": word if "/" in word else f"/lake/tables/{word}"} for word in words.split()]
    return {"eventType": kind, "inputs": sets(read), "outputs": sets(written)}


def edges(events, catalogue) -> set:
    """The reference of exercise 1."""
    found = set()
    for event in events:
        if event["eventType"] == "COMPLETE":
            read, written = ([entry["name"].rsplit("/", 1)[-1] for entry in event[side]] for side in ("inputs", "outputs"))
            found |= {(i, o) for i in read for o in written}
    return {(i, o) for i, o in found if i != o and {i, o} <= set(catalogue)}


EVENTS = [  # events, a catalogue, and what is told whoever is wrong there
    ([_event("COMPLETE", "flights", "departed")], CATALOGUE,
     "One run has read flights and written departed, so there is one edge, ('flights', 'departed')."),
    ([_event("START", "flights", "departed"), _event("FAIL", "flights", "watchlist")], CATALOGUE,
     "Neither run has completed: one has only begun, the other has failed. There is no edge yet."),
    ([_event("RUNNING", "flights", "departed"), _event("ABORT", "flights", "watchlist")], CATALOGUE,
     "One run is still running, the other was aborted. Neither has completed, so there is no edge yet."),
    ([_event("START", "departed", "makers"), _event("COMPLETE", "departed planes", "makers")], CATALOGUE,
     "A run has completed with two inputs and one output. Each input has an edge to the output: two edges."),
    ([_event("COMPLETE", "flights", "departed watchlist")], CATALOGUE,
     "A run has written two tables. The input has an edge to each of them."),
    ([_event("COMPLETE", "/lake/tables/flights/_delta_log flights", "departed")], CATALOGUE,
     "_delta_log is a folder of Delta's own, and is not in the catalogue: no edge begins there."),
    ([_event("COMPLETE", "flights", "/lake/checkpoints/offsets departed")], CATALOGUE,
     "offsets is no table of the catalogue, so no edge ends there."),
    ([_event("COMPLETE", "/files/old_flights", "departed")], CATALOGUE,
     "old_flights is another name than flights: the whole last part has to be in the catalogue."),
    ([_event("COMPLETE", "/flights/archive/planes", "departed")], CATALOGUE,
     "The last part of the path is planes, though a folder above it is called flights."),
    ([_event("COMPLETE", "makers planes", "makers")], CATALOGUE,
     "A MERGE reads makers to change it, which is no edge; planes to makers is one."),
    ([_event("COMPLETE", "flights", "departed")] * 2, CATALOGUE, "The same run, told twice, is the same edge."),
    ([_event("COMPLETE", "flights", "departed"), _event("COMPLETE", "flights", "watchlist")], CATALOGUE,
     "Two runs of flights have completed, and each has an edge of its own."),
    ([_event("COMPLETE", "flights", "departed"), _event("COMPLETE", "departed", "makers")], CATALOGUE,
     "Two runs have completed, and each has an edge of its own: what one has read is no input of the other."),
    ([_event("COMPLETE", "departed", "makers"), _event("COMPLETE", "makers", "departed")], CATALOGUE,
     "One run makes makers of departed, another one departed of makers. Both edges count, though they make a circle."),
    ([_event("COMPLETE", "flights", ""), _event("COMPLETE", "", "departed")], CATALOGUE,
     "A run that only reads has no edge, and one that only writes has none."),
    ([_event("COMPLETE", "flights", "departed")], {"departed"}, "flights is not in this catalogue, so there is no "
                                                                "edge."),
    ([], CATALOGUE, "Without an event there is no edge: the answer is an empty set.")]


# --- exercise 2
def score(left, right) -> float:
    """The reference of exercise 2, of two lists of values."""
    mine, yours = {value for value in left if value is not None}, set(right)
    if len(mine) < 3 or None in yours or len(yours) != len(right):
        return 0.0
    return len(mine & yours) / len(mine)


COLUMNS = [  # left name and values, right name and values, what is told whoever is wrong there
    (("tailnum", ["a", "b", "c", "d"]), ("tailnum", ["d", "c", "b", "a", "e"]),
     "All four different values of the left are in the right, which is a key: 1."),
    (("dest", ["a", "b", "c", "d"]), ("faa", ["a", "b", "c", "d", "e"]),
     "The names differ, dest and faa, and all values are there: 1. The score is one of values."),
    (("year", [2013, 2012, 2011] * 3), ("year", [2011, 2012, 2013, 2013, 1999]),
     "year has the same name and all of its values in the right one, where 2013 stands twice: the right side is no "
     "key, so 0."),
    (("dest", ["a", "b", "c"]), ("faa", ["a", "b", "c", "x", "x"]),
     "On the right x stands twice. The left has no x, and still the right side is no key: 0."),
    (("year", [2011, 2012, 2013, 2013]), ("year", [2013, 2012, 2011, 1999]),
     "Both columns are called year, and here the right one is a key with all values of the left: 1."),
    (("origin", ["a", "b", "c", "x"]), ("faa", ["a", "b", "c", None]),
     "There is a None on the right. A key has none, so 0."),
    (("dest", ["a", "b", "c", "x"]), ("faa", ["a", "b", "c"]), "Three of four different values are there: 0.75."),
    (("dest", ["a"] * 7 + ["b", "c", "x"]), ("faa", ["a", "b", "c"]),
     "There are four different values on the left, and three are there: 0.75. Rows do not count, values do."),
    (("tailnum", ["a", "b", "c", None]), ("tailnum", ["a", "b", "c"]),
     "A None on the left is no value: three values, all of them there, so 1."),
    (("flag", [0, 1] * 9), ("id", [0, 1, 2, 3]), "The left side has two different values, which says nothing: 0."),
    (("flag", [1, 2, None] * 9), ("id", [0, 1, 2, 3]),
     "The left side has two different values and None, which is no value: fewer than three, so 0."),
    (("size", [1, 2, 3] * 9), ("id", [1, 2, 3, 4]), "Three different values on the left are enough, and all are "
                                                    "there: 1."),
    (("dest", ["a", "b", "c"]), ("faa", ["x", "y", "z"]), "No value of the left is in the right: 0."),
    (("dest", ["a", "b", "c"]), ("faa", [chr(97 + number) for number in range(26)]),
     "The share is one of the left side's values: all three are there, so 1, however many more the right has."),
    (("dest", [chr(97 + number) for number in range(10)]), ("faa", ["a", "b"]),
     "Of ten values on the left two are there: 0.2."),
    (("dest", ["a", "b", "c"]), ("faa", ["a", "b", "x"]), "Two of three values are there: two thirds, not rounded."),
    (("empty", []), ("faa", ["a", "b"]), "A left side without rows has fewer than three values: 0, and no division "
                                         "by it."),
    (("empty", [None, None]), ("faa", ["a", "b"]), "A left side of nothing but None has fewer than three values: 0."),
    (("dest", ["a", "b", "c"]), ("empty", []), "The right side is empty, so no value is there: 0."),
    (("origin+hour", [("a", 1), ("a", 2), ("b", 1)]), ("origin+hour", [("a", 1), ("a", 2), ("b", 1), ("b", 2)]),
     "Two columns together come as pairs; three different pairs, all of them there: 1.")]


# --- exercise 3
CARRIED = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")
STEPS = 3200                            # more than recursion may be deep: 1,000 in Python, 3,000 in a notebook
CHAIN = [(f"t{number}.c", f"t{number + 1}.c", "IDENTITY") for number in range(STEPS)]


def propagate(edges, tags) -> dict:
    """The reference of exercise 3."""
    following = {}
    for source, target, kind in edges:
        if kind in CARRIED:
            following.setdefault(source, []).append(target)
    found, todo = {}, [(column, tag) for column, mine in tags.items() for tag in mine]
    while todo:
        column, tag = todo.pop()
        if tag not in found.setdefault(column, set()):
            found[column].add(tag)
            todo += [(target, tag) for target in following.get(column, [])]
    return found


def _edges(text: str) -> list:
    """Edges of words such as "a>b", "a>b:MASKED"."""
    found = []
    for word in text.split():
        ways, _, kind = word.partition(":")
        source, target = ways.split(">")
        found.append((source, target, kind or "IDENTITY"))
    return found


GRAPHS = [  # edges, tags, and what is told whoever is wrong there
    (_edges("a>b"), {"a": {"personal"}}, "b is derived from a, so it has a's tag, and a keeps it."),
    (_edges("b>a"), {"a": {"personal"}}, "b is what a is made of, not made of a. Tags go from source to target only."),
    (_edges("a>b"), {"a": {"personal", "licensed"}}, "a has two tags, and b has both of them."),
    (_edges("b>c a>b"), {"a": {"personal"}}, "c is derived from b, b from a: the tag goes as far as there are "
                                             "edges, in any order."),
    (_edges("a>b:TRANSFORMATION b>c:AGGREGATION"), {"a": {"personal"}},
     "A transformation and an aggregation carry the tag: a maximum is still somebody's value."),
    (_edges("a>b:INDIRECT a>c"), {"a": {"personal"}},
     "a only chose the rows of b (INDIRECT), so b has no tag. c has it."),
    (_edges("a>b:MASKED b>c"), {"a": {"personal"}}, "b is a masked a, so the tag ends before b, and does not reach c."),
    (_edges("a>b:MASKED"), {"a": {"licensed", "personal"}}, "b is a masked a: no tag comes by that edge, whatever it "
                                                            "is called."),
    (_edges("a>b:MASKED a>x x>b"), {"a": {"personal"}},
     "One way to b is masked, another one is open, over x. So b has the tag."),
    (_edges("a>b a>b:INDIRECT"), {"a": {"personal"}}, "a chose the rows of b, and its values are in b as well: two "
                                                      "edges, and one of them carries the tag."),
    (_edges("a>b:MASKED a>b"), {"a": {"personal"}}, "Of the two edges from a to b one is masked, the other one carries "
                                                    "the tag."),
    (_edges("a>b:MASKED b>c"), {"a": {"personal"}, "b": {"licensed"}},
     "b's own tag is its own: it stays, and goes on to c, though the edge into b is masked."),
    (_edges("a>b b>c c>a"), {"a": {"personal"}}, "The edges run in a circle: a, b and c have the tag, and there the "
                                                 "walk ends."),
    (_edges("a>a a>b"), {"a": {"personal"}}, "An edge from a to itself changes nothing."),
    (_edges("a>c b>c c>d"), {"a": {"personal"}, "b": {"licensed"}}, "c is made of two columns and has both of their "
                                                                    "tags; so has d."),
    (_edges("a>b b>c"), {"a": {"personal"}, "b": {"licensed"}}, "b has its own tag and a's: both go on to c."),
    (_edges("a>c a>d c>e d>e e>f"), {"a": {"personal"}}, "e is reached by two ways: it has the tag once, and so has "
                                                         "f behind it."),
    (_edges("a>b x>y"), {"a": {"personal"}, "x": set()}, "x has an empty set of tags: neither x nor y is in the "
                                                         "answer."),
    (_edges("a>b"), {}, "Nobody has a tag, so the answer is an empty dict."),
    ([], {"a": {"personal"}}, "Without an edge each column keeps its own tags: a is in the answer."),
    (CHAIN[299::-1], {"t0.c": {"personal"}}, "A chain of 300 steps, its last edge first in the list, carries the tag to "
                                             "its end."),
    (CHAIN, {"t0.c": {"personal"}}, f"A chain of {STEPS:,} steps carries the tag to its end.")]


def graph(seed: int) -> tuple:
    """A random graph with every kind of edge, and tags on some columns."""
    chance = random.Random(seed)
    columns = [f"t{number // 4}.c{number % 4}" for number in range(40)]
    kinds = ["IDENTITY"] * 4 + ["TRANSFORMATION", "AGGREGATION", "AGGREGATION", "INDIRECT", "INDIRECT", "MASKED"]
    found = [(chance.choice(columns), chance.choice(columns), chance.choice(kinds)) for _ in range(60)]
    tags = {column: set(chance.sample(["personal", "licensed", "secret"], chance.randrange(1, 3)))
            for column in chance.sample(columns, 4)}
    return found, tags


def differing(mine: dict, right: dict) -> str:
    """The first column on which two answers differ, so that edges' order does not matter; '' where there is none."""
    wrong = sorted(column for column in {*mine, *right} if set(mine.get(column, ())) != right.get(column, set()))
    return wrong[0] if wrong else ""
