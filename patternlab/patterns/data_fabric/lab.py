"""Lab 14: what is right in each exercise, and what each usual mistake is told."""
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache
from itertools import islice

import numpy as np
import pandas as pd

from ...checking.calls import Kept, ask, kind
from ...checking.kinds import number
from ...checking.outcomes import Exercise, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import equal
from ...flights import SLICES, rows
from . import catalogues, trial
from .truth import REFERENCES

MOST = 10_000                           # pairs in an answer


def _pairs(mine, what: str) -> set:
    """The answer as a set of pairs of texts."""
    if isinstance(mine, (str, Mapping, pd.DataFrame)) or not isinstance(mine, Iterable):
        raise Unfit(f"{what} should be a set of pairs, yours is {kind(mine)}.")
    found = [tuple(pair) if isinstance(pair, (tuple, list, np.ndarray)) else pair for pair in islice(mine, MOST + 1)]
    if len(found) > MOST:
        raise Unfit(f"{what} are more than {MOST:,}: does what you return ever end?")
    for pair in found:
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise Unfit(f"{what} should be pairs of two names, and one of yours is {kind(pair)}.")
    return set(found)


def told(answer):
    """edges(events, catalogue): some small histories, each with its sentence."""
    for events, catalogue, said in trial.EVENTS:
        mine, right = _pairs(ask(answer, events, set(catalogue)), "The edges"), trial.edges(events, catalogue)
        if mine != right:
            show = [{"event": event["eventType"], "inputs": _names(event["inputs"]), "outputs": _names(event["outputs"])}
                    for event in events]
            raise Wrong(said, [*show, {"event": "your edges:", "inputs": str(sorted(mine)) if mine else "none"}])
    return "Each completed run, whatever else the listener saw: that is the graph of tables."


def _names(entries) -> str:
    return ", ".join(entry["name"] for entry in entries)


def scored(answer):
    """score(left, right): hand-made columns, each with its sentence, then the real ones of a day."""
    for left, right, said in trial.COLUMNS:
        mine = _score(answer, left, right)
        if not equal(float(mine), trial.score(left[1], right[1])):
            raise Wrong(said, [{"": name, "values": str(values)[:100]} for name, values in (left, right)]
                        + [{"": "your score", "values": str(mine)}])
    for left, right in [*REFERENCES, ("flights.year", "planes.year")]:
        mine, known = _score(answer, (left, _column(left)), (right, _column(right))), "year" not in left
        if (mine >= 0.5) != known:
            raise Wrong(f"On the flights of 1 July you score {left} against {right} with {mine:.2f}, so the join is "
                        f"{'not suggested' if known else 'suggested'}.")
    return "All six joins of the flights are in, and year is out: values in a key, whatever the columns are called."


def _score(answer, left, right):
    sides = [Kept(name=name, values=list(values)) for name, values in (left, right)]
    mine = ask(answer, *sides)
    return number(int(mine) if isinstance(mine, (bool, np.bool_)) else mine, "The score")   # False is 0 in Python


_day = lru_cache(maxsize=None)(lambda table: rows(table, SLICES["day"]))


@lru_cache(maxsize=None)
def _column(side) -> tuple:
    """The values of "table.column" on 1 July, pairs for "table.one+other"; None where there is none."""
    table, columns = side.split(".")
    found = _day(table)[columns.split("+")].astype(object)
    found = found.where(found.notna(), None).itertuples(index=False, name=None)
    return tuple(values if len(values) > 1 else values[0] for values in found)


def propagated(answer):
    """propagate(edges, tags): small graphs, each with its sentence, then 20 seeds."""
    for edges, tags, said in trial.GRAPHS:
        column, show = _off(answer, edges, tags)
        if column:
            raise Wrong(said, show)
    over_seeds(20, lambda seed: _seed(answer, seed))
    return "Twenty graphs: each tag is where its values are, and nowhere else."


def _off(answer, edges, tags) -> tuple:
    """The first column on which the answer is wrong, '' where there is none, and what to show of it."""
    given = Kept({column: set(mine) for column, mine in tags.items()})
    mine = ask(answer, list(edges), given, limit=30)      # a chain of thousands, and no demand to be fast
    if dict(given) != tags:
        raise Wrong("You changed the tags that you were given. They are what people decided: collect yours in sets "
                    "of your own.",
                    [{"column": column, "given": str(sorted(tags.get(column, ()))), "now": str(sorted(now))}
                     for column, now in given.items() if tags.get(column) != now])
    if not isinstance(mine, Mapping):
        raise Unfit(f"propagate should return a dict from column to its tags, and yours returned {kind(mine)}.")
    for column, own in mine.items():
        if not isinstance(column, str):
            raise Unfit(f"The keys of your dict should be names of columns, and one of them is {kind(column)}.")
        if not isinstance(own, (Set, list, tuple)):
            raise Unfit(f"The tags of {column} should be a set, yours is {kind(own)}.")
        if odd := [tag for tag in own if not isinstance(tag, str)]:
            raise Unfit(f"The tags of {column} should be texts, and one of yours is {kind(odd[0])}.")
        if not own:
            raise Wrong(f"{column} is in your answer and has no tag. Only columns that have one belong there.")
    column = trial.differing(mine, trial.propagate(edges, tags))
    near = [edge for edge in edges if column in edge[:2]] or list(edges)
    return column, [*[{"from": source, "to": target, "kind": what} for source, target, what in near[:8]],
                    {"from": f"your {column}", "to": str(sorted(mine.get(column, []))), "kind": ""}]


def _seed(answer, seed):
    edges, tags = trial.graph(seed)
    column, show = _off(answer, edges, tags)
    if column:
        raise Wrong(f"The tags of {column} are off. These are the edges at it.", show)


SUGGESTED = {  # what a suggestion begins at that is not true, and what is told
    "id": "ids count from 1 in every table, so a short one lies in a longer one by accident. A column that is a key "
          "itself refers to nothing here.",
    "quantity": "a quantity lies in every id by accident, and meets very few of the keys. A true reference meets "
                "most of them.",
    "flag": "a flag has two values. That they are somewhere else says nothing.",
    "name": "names of one table are nobody's reference.",
    "code": "a code is the key of its own table, and refers to nothing.",
    "reference": "that column refers to another table. Ids count from 1, so larger tables have its values too: keep "
                 "the one table that it fits best."}


_catalogue, _kinds = (lru_cache(maxsize=None)(function) for function in (catalogues.catalogue, catalogues.kinds))


def discovered(answer):
    """suggest(tables): twenty catalogues; precision and recall over all of them."""
    wrong, missed, hits, given, true = [], [], 0, 0, 0
    for seed in range(1, 21):
        tables, right = _catalogue(seed)
        mine = _pairs(ask(answer, tables), "The references")
        known = {f"{table}.{column}" for table, columns in tables.items() for column in columns}
        if strange := sorted({side for pair in mine for side in pair} - known):
            raise Unfit(f"You suggest {strange[0]!r}, and the catalogue has no such column. Write \"table.column\".")
        wrong += [(seed, pair) for pair in sorted(mine - right)]
        missed += [(seed, pair) for pair in sorted(right - mine)]
        hits, given, true = hits + len(mine & right), given + len(mine), true + len(right)
    if not given:
        raise Wrong("You suggest nothing in any of the twenty catalogues.")
    if 2 * sum((seed, (right, left)) in missed for seed, (left, right) in wrong) > true:
        raise Wrong("Your pairs are the wrong way round: first the column that refers, then the key that it refers to.")
    if hits / true < 0.9:
        said, shown = _missed(missed, wrong)
        raise Wrong(f"Recall is {hits / true:.2f}: {said}", _columns(*shown))
    if hits / given < 0.9:
        often = _often(wrong)
        raise Wrong(f"Precision is {hits / given:.2f}: {often[0]}", _columns(*often[1]))
    return f"Precision {hits / given:.2f}, recall {hits / true:.2f}, over twenty catalogues that nobody has described."


def _often(wrong) -> tuple:
    """What is told of the most frequent kind of wrong suggestions, and the first of that kind."""
    sorts = []
    for seed, (left, right) in wrong:
        tables, _ = _catalogue(seed)
        values = _values(tables, right)
        no_key = None in values or len(set(values)) < len(values)
        sorts.append("no key" if no_key else _kinds(seed)[left])
    most = Counter(sorts).most_common(1)[0][0]
    said = SUGGESTED.get(most, "the right side is no key: a value stands in it twice, so a join would multiply rows.")
    return said, wrong[sorts.index(most)]


def _missed(missed, wrong) -> tuple:
    """What is told of references that are missed, and one of them; where columns lead elsewhere, one such suggestion."""
    lost = {(seed, left) for seed, (left, _) in missed}
    misled = [(seed, pair) for seed, pair in wrong if (seed, pair[0]) in lost]
    if 2 * len({(seed, left) for seed, (left, _) in misled}) > len(lost):
        said, shown = _often(misled)
        return f"most columns whose reference you miss lead to another place. {said[0].upper()}{said[1:]}", shown
    by_table = [pair for _, pair in missed if pair[0].split(".")[1].startswith(pair[1].split(".")[0])]
    if not by_table:
        return "you miss references whose columns are not called after their table. Ask the values.", missed[0]
    return ("you miss true references. In some, one row in ten is empty or has a value that the key lacks, and not "
            "every key is met: how much do you ask for?"), missed[0]


def _values(tables, side) -> list:
    table, column = side.split(".")
    return tables[table][column]


def _columns(seed, pair) -> list:
    tables, _ = _catalogue(seed)
    return [{"catalogue": seed, "column": side, "rows": len(_values(tables, side)),
             "different": len(set(_values(tables, side)) - {None}), "first": str(_values(tables, side)[:6])} for side in pair]


EXERCISES = {
    1: Exercise("Edges of runs", told,
                ("Which events tell what a run has done, and not only what it is about to do? Then: which names are tables?",
                 "event['eventType'] == 'COMPLETE'; entry['name'].rsplit('/', 1)[-1]; each input with each output; then "
                 "keep the pairs whose two names differ and are in the catalogue."),
                "A run is told several times, and only its end is sure. Inputs and outputs are independent lists, so each "
                "input meets each output: the listener does not say which of them went where. The catalogue decides what "
                "a table is."),
    2: Exercise("A score of values", scored,
                ("What makes `year` a bad join although its values are all there? It is something about the right side.",
                 "mine = set(left['values']) - {None}; 0 if len(mine) < 3, or None in right, or len(set(right)) != "
                 "len(right); else len(mine & set(right)) / len(mine)."),
                "Inclusion says that a partner exists, and the key says that there is one only. Together they say that a "
                "left join keeps its rows. The name says neither.", minutes=20),
    3: Exercise("A tag that travels", propagated,
                ("A column may get a second tag long after the first one. What has to be remembered as done: a column, or "
                 "a column with a tag?",
                 "targets of each column for the three kinds that carry; a list of (column, tag) to do; pop one, add the "
                 "tag if it is new, then append (target, tag) for each target."),
                "What travels is a pair of column and tag. It is done when the column has the tag, which also ends every "
                "circle. INDIRECT edges chose rows, and MASKED ones carry no value: they are no ways at all.",
                minutes=35, starred=True),
    4: Exercise("References that nobody wrote down", discovered,
                ("Inclusion in a key is not enough: look at what else is included, in catalogue(0). How much of the key "
                 "does a true reference meet, and how many tables may it refer to?",
                 "For each column that is no key itself and has three values: for each key of another table, inclusion "
                 "times the share of the key that is met; keep the best, if it is at least 0.5."),
                "Small numbers lie in every id that counts from 1. What tells a reference from an accident is that it "
                "meets most of the key, and of several such keys it fits one best. Partial inclusion leaves room for dirt.",
                minutes=45, starred=True)}
