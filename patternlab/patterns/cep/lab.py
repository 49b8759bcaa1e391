"""Lab 08: what is right in each exercise, and what each usual mistake is told. Pure Python, no engine."""
import copy
from operator import itemgetter

from ...checking.calls import ask, describe, fits, kind
from ...checking.outcomes import Exercise, Raised, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...flights import SLICES
from ...truth import truth
from . import trial
from .payments import LARGE
from .trial import both, size
from .truth import lives


def automaton(answer):
    """step(waiting, event): some steps, each with its sentences."""
    for number, (waiting, event, _, _) in enumerate(trial.STEPS):
        returned = both(ask(answer, waiting, event), "step", "what waits now and the match or None")
        trial.judged(trial.STEPS, returned, number)
    return "Two states, one number of memory: that is all it takes to know what came before."


def row_of_three(answer):
    """step(times, event): some steps, then each aircraft of a week."""
    for number, (times, event, _, _) in enumerate(trial.ROWS):
        returned = both(ask(answer, list(times), event), "step", "the times now and the row or None")
        trial.judged(trial.ROWS, returned, number)
    week = SLICES["week"]
    found = sum(ask(lambda events: _rows(answer, events), events) for events in lives(week).values())
    right = truth("late_streaks", week)["three"]
    if found != right:
        raise Wrong("Step by step it is right, but over a week of all aircraft it finds another number of rows than there "
                    "are. Look for something that your function remembers from one aircraft to the next.")
    return f"In the week of 8 July this finds {right} rows of three, and keeps at most two numbers for an aircraft."


def _rows(answer, events) -> int:
    times, rows = [], 0
    for minute, what, _, delay in events:
        times, found = answer(times, (minute, what, delay))
        rows += found is not None
    return rows


def not_followed(answer):
    """decide(memory, batch, now): some stories by hand, then twenty made ones."""
    for batches in (trial.FIRST, trial.SECOND, trial.THIRD, trial.FOURTH):
        _told(answer, batches)
    over_seeds(20, lambda seed: _told(answer, trial.story(seed)))
    return "Twenty aircraft, told in disorder: each alarm when its time is over, none before, none twice, and nothing is kept."


def _told(answer, batches) -> None:
    memory, said, ends = [], [], trial.unanswered(batches)
    for batch, now in batches:
        memory, alarms = both(ask(answer, memory, list(batch), now), "decide", "the memory and the alarms")
        if isinstance(alarms, (str, bytes, dict)) or not hasattr(alarms, "__len__") or hasattr(alarms, "columns"):
            raise Wrong(f"The alarms should be a list of flights, yours are {kind(alarms)}.")
        alarms = list(alarms)
        told = [{"watermark": now, "batch": str(batch)[:60], "alarms": str(alarms)}]
        for flight in alarms:
            _alarm(flight, now, ends, [*said, *alarms[:alarms.index(flight)]], alarms.count(flight), told)
        due = {flight for flight, (at, end) in ends.items() if at + trial.HALF_DAY <= now and end is None}
        said += alarms
        if missing := sorted(due - set(said)):
            _missing(missing[0], ends[missing[0]][0], now, batches, told)
    if kept := trial.left(memory, {event[2] for batch, _ in batches for event in batch}):
        raise Wrong(f"The last twelve hours are long over, and the memory still holds {kept} things. What is decided is "
                    "forgotten.")


def _missing(flight, at, now, batches, told) -> None:
    """Wrong, of an alarm that is due."""
    end = at + trial.HALF_DAY
    on_time = [event for batch, _ in batches for event in batch
               if event[1] == "departed" and event[3] <= trial.LATE and at <= event[0] <= end]
    if on_time:
        raise Wrong(f"{flight} arrived late at {at}, and the departure at {on_time[0][0]} was not late: no late one followed. "
                    f"At the watermark {now} that is certain, and yours says nothing of it.", told)
    raise Wrong(f"The watermark is {now}, so the twelve hours of {flight} (late at {at}, until {end}) are over and no late "
                "departure came in them. Yours says nothing of it.", told)


def _alarm(flight, now, ends, before, times, told) -> None:
    """Wrong where an alarm is false, too early, or a second one."""
    if not isinstance(flight, str):
        raise Unfit(f"Each alarm should be the text of a flight, one of yours is {describe(flight)}.")
    if flight not in ends:
        raise Wrong(f"{flight} is no flight that arrived late. An alarm names a flight with an arrival of more "
                    f"than {trial.LATE} minutes of delay.", told)
    at, end = ends[flight]
    if times > 1:
        raise Wrong(f"{flight} is twice in one answer: it was reported twice, and it is one arrival.", told)
    if flight in before:
        raise Wrong(f"{flight} was said before. Each late arrival is said once, then it is forgotten.", told)
    if now < at + trial.HALF_DAY:
        raise Wrong(f"{flight} arrived at {at}, so its twelve hours end at {at + trial.HALF_DAY}. The watermark is {now}: a "
                    "late departure may still come. You decided too early.", told)
    if end is not None:
        exact = {0: " (in the same minute, which is after it)", trial.HALF_DAY: " (720 minutes after it, the last that counts)"}
        raise Wrong(f"{flight} arrived at {at}, and a late departure followed at {end}{exact.get(end - at, '')}: no alarm.",
                    told)


def card_testing(answer):
    """watch(memory, payment): precision, recall and memory on twenty days of made payments."""
    first = trial.day(1)[0][0]
    both(ask(answer, {}, first), "watch", "the memory and whether it is an alarm")
    fits(answer, {}, first)
    over_seeds(20, lambda seed: _watched(answer, seed))
    return "Twenty days of cards: few are accused wrongly, few thieves get away, and the memory is that of a few minutes."


def _watched(answer, seed) -> None:
    rows, frauds = trial.day(seed)
    alarms = _run(answer, {}, rows)[1]
    if seed == 1:
        _restarted(answer, rows, frauds)
    by_id = {row[0]: row for row in rows}
    caught, false = set(alarms) & frauds, [by_id[name] for name in alarms if name not in frauds]
    if not alarms:
        raise Wrong(f"There was no alarm on the whole day, and {len(frauds)} frauds.")
    if small := [row for row in false if row[3] < LARGE]:
        least = min(small, key=itemgetter(3))
        raise Wrong(f"You accuse a payment of {least[3]:.2f}. The alarm belongs to the large payment after the tests, and large "
                    f"begins at {LARGE:.0f} dollars.", _life(rows, least))
    precision, recall = len(caught) / len(set(alarms)), len(caught) / len(frauds)
    if precision < trial.LEAST:
        alone = [row for row in false if not _life(rows, row)[:-1]]
        if alone:
            raise Wrong(f"The precision is {precision:.2f}. {len(alone)} of {len(false)} false alarms are large payments of "
                        "cards that had made no small one in the six minutes before.", _life(rows, alone[0]))
        raise Wrong(f"The precision is {precision:.2f}, at least {trial.LEAST} is asked for. Below is one of the false alarms, "
                    "with what its card did before.", _life(rows, false[0]))
    if recall < trial.LEAST:
        missed = next(row for row in rows if row[0] in frauds - caught)
        raise Wrong(f"The recall is {recall:.2f}, at least {trial.LEAST} is asked for. Below is one that got away.",
                    _life(rows, missed))


def _life(rows, large) -> list:
    """What the card of a payment did in the six minutes before it, small or large, and it."""
    return [{"card": card, "second": at, "amount": amount} for _, card, at, amount in rows
            if card == large[1] and large[2] - 360 <= at <= large[2] and (amount <= 5 or at == large[2])]


def _restarted(answer, rows, frauds) -> None:
    """Wrong where the answer, begun again from its own memory just before a fraud, says something else than it said."""
    places = [place for place, row in enumerate(rows) if row[0] in frauds]
    for place in places[:15:5]:
        memory, _ = _run(answer, {}, rows[:place])
        kept = copy.deepcopy(memory)
        said = [_run(answer, own, rows[place:place + 200])[1] for own in (memory, kept)]
        if said[0] != said[1]:
            raise Wrong("Given the same memory and the same payments a second time, your function answered otherwise: it "
                        "remembers something outside of memory, and a restart would lose that.")


def _run(answer, memory, payments) -> tuple:
    """Every payment through the learner's function: (the memory at the end, the ids of the alarms)."""
    return ask(lambda memory, payments: _stepped(answer, memory, payments), memory, payments)


def _stepped(answer, memory, payments) -> tuple:
    alarms = []
    for payment in payments:
        try:
            returned = answer(memory, payment)
        except Exception as error:
            raise Raised(error, f"{describe(memory, 60)}, {payment}") from error
        memory, alarm = both(returned, "watch", "the memory and whether it is an alarm")
        if trial.yes(alarm):
            alarms.append(payment[0])
        if (kept := size(memory)) > trial.MOST_KEPT:
            raise Wrong(f"At second {payment[2]:,.0f} of the day the memory holds {kept} things, and {trial.MOST_KEPT} are "
                        "allowed. What is older than the pattern can still need must go, also that of cards which never come "
                        "again.")
    return memory, alarms


EXERCISES = {
    1: Exercise("Two states", automaton,
                ("What does the function have to know of the past? One thing: since when a late arrival waits, if one does.",
                 "First forget: if waiting is not None and at - waiting > 720, waiting = None. Then the two late events."),
                "The past of an aircraft is one number or None, and each event moves it on. Forgetting comes first, because it "
                "depends on the time of the event only, not on what the event is."),
    2: Exercise("Three late in a row", row_of_three,
                ("What ends a row, what makes it longer, and what takes no part?",
                 "row = [*times, at] for a late departure; found if len(row) == 3 and at - row[0] <= 1440; keep row[-2:]."),
                "Of a row only the last two can matter for the next departure, however long it is. So a repetition costs no "
                "more memory than a sequence of fixed length.",
                minutes=15),
    3: Exercise("And nothing followed", not_followed,
                ("What may be compared with the watermark: the newest event, or the end of the twelve hours?",
                 "Over are late arrivals with at + 720 <= now. Keep the others, and late departures that are after now or at "
                 "most 720 minutes after an arrival that is kept."),
                "That something did not happen can be said when it can happen no more: when the watermark has reached the end. "
                "Until then late departures are kept too, because the arrival before them may be reported after them.",
                minutes=25),
    4: Exercise("A thief with many cards", card_testing,
                ("Three small payments within a minute are an old story after five minutes. Whose memory can go then?",
                 "Keep (second, card) of small payments, of all cards in one list, without what is more than 360 seconds old. "
                 "At a large one look for three of its card within 60 seconds, the last at most 300 seconds before."),
                "The pattern bounds the memory: nothing older than its two spans can matter. In Spark a timer of each key does "
                "that; here the next payment of any card is the clock.",
                minutes=40, starred=True),
}
