"""Exercise 4 of lab 07: sessions that grow report by report, in any order."""
import random

from ...checking.calls import ask, kind
from ...checking.kinds import collection, number
from ...checking.outcomes import Unfit, Wrong
from ...checking.seeds import over_seeds

# reports in this order, gap, and the rule that a wrong number of sessions breaks
BY_HAND = (([0], 20, "A report with no session near it opens one, from moment to moment + gap."),
           ([0, 100], 20, "A session that the report does not touch stays as it is, and the report opens one of its own."),
           ([0, 5], 20, "Two reports within the gap are one session, with both of them in its count."),
           ([10, 10], 20, "Two reports of the same moment are one session, with both of them in its count."),
           ([20, 10], 20, "A report that comes late, shortly before the begin of a session, joins it."),
           ([100, 0], 20, "A session that the report does not touch stays as it is, and the report opens one of its own."),
           ([0, 30, 15], 20, "A report between two sessions must join both."),
           ([0, 15, 5], 20, "A report in the middle of a session joins it."),
           ([0, 20], 20, "Two sessions that touch are one in Spark: a report at the very end of a session still joins it."),
           ([20, 0], 20, "Two sessions that touch are one in Spark: a report whose span ends where a session begins joins it."))
FIELDS = ("A report that comes late, before the begin of a session, must move that begin.",
          "A session ends a gap after its latest report, whatever the order in which they come.",
          "A session counts every report that is in it: when sessions are joined, both of them in its count.")


def expected(moments, gap):
    """Sessions of sorted moments: each ends `gap` after its last one, and those that touch are one."""
    found = []
    for moment in moments:
        begin, count = (found.pop()[::2] if found and moment <= found[-1][1] else (moment, 0))
        found.append((begin, moment + gap, count + 1))
    return found


def _grown(answer, order, gap):
    """The sessions that the learner's function makes of reports in this order, sorted."""
    sessions = []
    for moment in order:
        sessions = list(collection(ask(answer, sessions, moment, gap), "What your function returns", (list, tuple, set)))
        for session in sessions:
            if not isinstance(session, (list, tuple)) or len(session) != 3:
                raise Unfit(f"Each session is (begin, end, count); one of yours is {kind(session)}.")
            for part, name in zip(session, ("begin", "end", "count")):
                number(part, f"The {name} of a session")
    return sorted(tuple(session) for session in sessions)


def add_report(answer):
    """Exercise 4: function (sessions, moment, gap) -> sessions, by hand, and in 20 orders of the same moments."""
    for order, gap, rule in BY_HAND:
        found, right = _grown(answer, order, gap), expected(sorted(order), gap)
        if found == right:
            continue
        show = f"gap {gap}, reports in this order: {order}\nyour sessions: {found}"
        if len(found) == len(right):
            rule = next(sentence for part, sentence in enumerate(FIELDS)
                        if [session[part] for session in found] != [session[part] for session in right])
        raise Wrong(rule, show)

    def one(seed):
        generator = random.Random(seed)
        gap, moments = generator.choice((20, 30)), sorted(generator.sample(range(0, 600, 10), 18))
        order = generator.sample(moments, len(moments))
        found, right = _grown(answer, order, gap), expected(moments, gap)
        if found != right:
            in_order = _grown(answer, moments, gap) == right
            raise Wrong("Your sessions are not the same in every order: in order of time they are right." if in_order else
                        "Your sessions are not those of the reports, in order of time neither.",
                        f"gap {gap}, order: {order}\nyours: {found}")
    over_seeds(20, one, budget=10)
    return "Twenty orders, the same sessions: merging is independent of the order of arrival."
