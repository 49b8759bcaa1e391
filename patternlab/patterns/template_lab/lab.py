"""Checks of source/template-lab.py: the shape to copy for a room's own lab.py (it runs without an engine)."""
from ...checking.calls import ask
from ...checking.kinds import collection
from ...checking.outcomes import Exercise, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import judge, rows, same_rows

TOY = [{"flight": "UA 1", "scheduled": "00:10", "arrival": "00:55"},
       {"flight": "DL 2", "scheduled": "00:40", "arrival": "01:05"},
       {"flight": "AA 3", "scheduled": "01:20", "arrival": "01:20"}]


def per_hour(answer):
    """{hour of the schedule: flights} for the toy."""
    def count(by):
        return {hour: sum(event[by][:2] == hour for event in TOY) for hour in sorted({event[by][:2] for event in TOY})}
    found = ask(answer, TOY)
    if found != len(TOY):
        collection(found, "What your function returns", (dict,))
    judge(found, count("scheduled"), [
        (lambda: count("arrival"), "You grouped by arrival, not by schedule: late flights move to another hour."),
        (len(TOY), "You counted all flights together. The question asks for one number per scheduled hour."),
        (lambda: {hour: True for hour in count("scheduled")}, "You marked the hours; count the flights."),
        ({}, "You returned no hours at all.")], "Some hour has the wrong count.", show=TOY)
    judge(ask(answer, []), {}, otherwise="Without a report there is no hour: return an empty dict.")
    return "A late flight stays in the hour it was planned for."


def newest(answer):
    """One row per flight, the one with the latest arrival, for 20 orders of the same rows."""
    import random
    log = [{"flight": "UA 1", "arrival": minute, "gate": gate} for minute, gate in ((3, "A"), (9, "B"), (5, "C"))]
    log += [{"flight": "DL 2", "arrival": minute, "gate": gate} for minute, gate in ((2, "D"), (2, "D"))]

    right = [log[1], log[3]]

    def trial(seed):
        shuffled = random.Random(seed).sample(log, len(log))
        table = ask(answer, shuffled)
        if isinstance(table, list) and len(table) == len(log):
            raise Wrong("You kept every row. One row per flight is asked for.", shuffled)
        if isinstance(table, list) and len(table) == 1:
            raise Wrong("You kept one row for all flights. Keep one for each flight.", table)
        same_rows(table, right, key="flight", sentence="The order of the input decided" if by_arrival() else "", start=None)

    def by_arrival():
        """Whether rows in order of arrival give the right answer: then it is the order that decides."""
        table = ask(answer, sorted(log, key=lambda row: row["arrival"]))
        return isinstance(table, list) and all(row in right for row in table) and len(table) == len(right)
    over_seeds(20, trial, budget=5)
    if len(rows(ask(answer, []))):
        raise Wrong("Without a row there is no newest one: return an empty list.")
    return "Twenty orders of the same rows gave the same table."


EXERCISES = {
    1: Exercise("Flights per scheduled hour", per_hour,
                ("Which of the two times says what the flight is about?", "Take the hour from event['scheduled'][:2]."),
                "The question is about the plan, so the key is the scheduled hour. Arrival says when you heard of it."),
    2: Exercise("The newest row of each flight", newest,
                ("What must decide: the position in the list, or a value in the row?",
                 "Keep a dict by flight and replace an entry when event['arrival'] is greater."),
                "A log may come in any order. A rule that looks at values only gives one answer for all orders.",
                minutes=30, starred=True),
}
