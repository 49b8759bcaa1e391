"""The worlds of lab 08: steps with what each must give, stories of one aircraft that arrive in disorder, days of payments."""
from collections import deque
from random import Random

from ...checking.calls import kind
from ...checking.outcomes import Unfit, Wrong
from .payments import payments

LATE, HALF_DAY, DAY = 30, 720, 1440                # minutes


def both(returned, function: str, parts: str) -> tuple:
    """The two things that a function of the learner returned; Unfit where it is no pair."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        raise Unfit(f"{function} should return two things, {parts}. Yours returned {kind(returned)}.")
    return tuple(returned)


def plain(value):
    """A value whose equals are equal: tuples for lists, Python's own numbers for numpy's."""
    value = value.tolist() if hasattr(value, "tolist") else value
    return tuple(map(plain, value)) if isinstance(value, (list, tuple, deque)) else value


def left(memory, flights) -> int:
    """As `size`, when all should be over: an empty text is nothing, nor is a name of the learner's own for something empty."""
    if isinstance(memory, dict):
        own = [value for key, value in memory.items() if isinstance(key, str) and key not in flights and not left(value, flights)]
        return size(memory) - sum(map(size, own)) - len(own)
    return 0 if isinstance(memory, str) and not memory else size(memory)


def size(memory) -> int:
    """How many things a memory holds: each number, truth value, text (of 16 letters) and key counts; None does not."""
    if memory is None:
        return 0
    if isinstance(memory, (str, bytes)):
        return 1 + len(memory) // 16
    if isinstance(memory, dict):
        return sum(size(key) + size(value) for key, value in memory.items())
    if hasattr(memory, "columns") and hasattr(memory, "size"):
        return int(memory.size)
    if hasattr(memory, "__iter__"):
        return sum(map(size, memory))
    return sum(map(size, vars(memory).values())) if getattr(memory, "__dict__", None) else 1


# --- exercise 1: (waiting, event), what it gives, and what is said of other answers: {answer: sentence}
STEPS = [
    (None, (100, "arrived", 45), (100, None), {(None, None): "A late arrival waits from its own minute on."}),
    (None, (100, "arrived", 30), (None, None), {
        (100, None): "A delay of 30 minutes is not late: more than 30 is."}),
    (None, (100, "arrived", 31), (100, None), {(None, None): "A delay of 31 minutes is late: more than 30 is."}),
    (None, (100, "arrived", -45), (None, None), {
        (100, None): "A delay of -45 minutes is 45 minutes early, and was taken for late."}),
    (100, (200, "departed", 45), (None, (100, 200)), {
        (100, (100, 200)): "After the match the arrival still waits: the next late departure would be matched with it too.",
        (200, (100, 200)): "After the match the departure waits. Only a late arrival does.",
        (None, (200, 100)): "The match names the departure first. It is (waiting, at), in the order of events.",
        (100, None): "A late departure after a waiting arrival is a match.",
        (None, None): "A late departure after a waiting arrival is a match."}),
    (100, (200, "departed", 30), (100, None), {
        (None, (100, 200)): "A departure with a delay of 30 minutes was matched. That is not late.",
        (None, None): "An on-time departure ended the waiting. It changes nothing: the next one may be late."}),
    (100, (200, "departed", 31), (None, (100, 200)), {
        (100, None): "A departure with a delay of 31 minutes is late, and it was not matched."}),
    (100, (200, "departed", -45), (100, None), {
        (None, (100, 200)): "A departure with a delay of -45 minutes is 45 minutes early, and was taken for late."}),
    (100, (300, "arrived", 60), (300, None), {
        (100, None): "The first late arrival still waits. The second one takes its place.",
        (None, (100, 300)): "Two late arrivals were matched. The second event must be a departure.",
        (None, None): "A second late arrival takes the place of the first, and yours left nothing waiting."}),
    (100, (300, "arrived", 5), (100, None), {
        (300, None): "An arrival that is on time does not wait.",
        (None, None): "An arrival on time ended the waiting. It changes nothing."}),
    (100, (820, "departed", 45), (None, (100, 820)), {
        (None, None): "From 100 to 820 are 720 minutes, and at most 720 includes them."}),
    (100, (100, "departed", 45), (None, (100, 100)), {
        (100, None): "A departure in the minute of the arrival comes after it: 0 minutes are at most 720.",
        (None, None): "A departure in the minute of the arrival comes after it: 0 minutes are at most 720."}),
    (100, (821, "departed", 45), (None, None), {
        (None, (100, 821)): "From 100 to 821 are 721 minutes: the arrival waits no longer, and nothing is matched.",
        (100, None): "Nothing was matched after 721 minutes, and the arrival still waits. Its time is over."}),
    (100, (821, "departed", 5), (None, None), {
        (100, None): "The event came 721 minutes later, and the arrival still waits. Its time is over, whatever comes."}),
    (100, (900, "arrived", 5), (None, None), {
        (100, None): "An arrival on time came 800 minutes later, and the old one still waits. Its time is over."}),
    (100, (900, "arrived", 50), (900, None), {
        (None, None): "The old arrival's time is over, and a new late one has come: that one waits."}),
    (0, (60, "departed", 45), (None, (0, 60)), {
        (0, None): "Minute 0 is a moment like any other. Ask whether `waiting is None`.",
        (None, None): "Minute 0 is a moment like any other. Ask whether `waiting is None`."}),
    (0, (60, "departed", 5), (0, None), {
        (None, None): "What waits since minute 0 waits on after an event that is not late. Ask whether `waiting is None`."}),
    (0, (721, "departed", 45), (None, None), {
        (None, (0, 721)): "Minute 0 is a moment like any other: 721 minutes after it nothing waits.",
        (0, None): "Minute 0 is a moment like any other: 721 minutes after it nothing waits."}),
    (None, (60, "departed", 45), (None, None), {(60, None): "A late departure waits. Only a late arrival does."})]

# --- exercise 2: the same for (times, event)
ROWS = [
    ((), (100, "departed", 45), ((100,), None), {((), None): "A late departure begins a row: its minute is kept."}),
    ((), (100, "departed", 30), ((), None), {
        ((100,), None): "A delay of 30 minutes is not late: more than 30 is."}),
    ((), (100, "departed", 31), ((100,), None), {((), None): "A delay of 31 minutes is late: more than 30 is."}),
    ((100,), (200, "departed", 45), ((100, 200), None), {
        ((200,), None): "The second late departure has replaced the first. A row of three needs both.",
        ((100, 200), (100, 200)): "Two late departures are no row of three.",
        ((200, 100), None): "The times are in the wrong order: the oldest comes first."}),
    ((100, 200), (300, "departed", 45), ((200, 300), (100, 200, 300)), {
        ((), (100, 200, 300)): "After a row of three you begin anew. A fourth one ends a row as well: keep the last two.",
        ((300,), (100, 200, 300)): "After a row of three you keep one time. A fourth one ends a row with the last two.",
        ((200, 300), (300, 200, 100)): "The row has the newest time first. It is in the order of events.",
        ((200, 300), ((100, 200, 300),)): "The row stands in a list of its own. The second thing is the row itself.",
        ((100, 200, 300), (100, 200, 300)): "You keep three times. The last two are all that a later row can need.",
        ((200, 300), None): "Three late departures in a row were not found."}),
    ((100, 200), (1540, "departed", 45), ((200, 1540), (100, 200, 1540)), {
        ((200, 1540), None): "From 100 to 1540 are 1440 minutes, and at most 1440 includes them."}),
    ((100, 200), (1541, "departed", 45), ((200, 1541), None), {
        ((200, 1541), (100, 200, 1541)): "From 100 to 1541 are 1441 minutes: too far apart for a row.",
        ((), None): "The three are too far apart, but the last two may be in a row with the next one. Yours forgot them.",
        ((1541,), None): "The three are too far apart, but the last two may be in a row with the next one. Yours forgot one.",
        ((100, 200), None): "The newest late departure was not kept."}),
    ((100,), (1700, "departed", 45), ((100, 1700), None), {
        ((1700,), None): "100 and 1700 are the last two times of the row, and you keep the newest only. However far apart, says "
                         "the Goal."}),
    ((100, 200), (300, "departed", 5), ((), None), {
        ((100, 200), None): "A departure on time came in between, and the row goes on. In a row means that none is on time."}),
    ((100, 200), (300, "arrived", 90), ((100, 200), None), {
        ((200, 300), (100, 200, 300)): "An arrival was counted. Only departures make a row.",
        ((), None): "A late arrival broke the row. Arrivals take no part."}),
    ((100, 200), (300, "arrived", 0), ((100, 200), None), {
        ((), None): "An arrival on time broke the row. Arrivals take no part."}),
    ((100,), (200, "departed", -45), ((), None), {
        ((100, 200), None): "A delay of -45 minutes is 45 minutes early, and was taken for late.",
        ((100,), None): "A departure 45 minutes early is not late: it ends the row."}),
    ((0,), (90, "departed", 45), ((0, 90), None), {
        ((90,), None): "Minute 0 is a moment like any other."})]


def judged(cases, returned, number_of) -> None:
    """Wrong unless `returned` is what case `number_of` gives; a known other answer gets its own sentence."""
    before, event, right, mistakes = cases[number_of]
    mine = plain(returned)
    if mine != right:
        if right[1] is None and mine[1] in ((), "", False):
            raise Wrong("Where nothing is found, the second thing is None. Yours is " + repr(returned[1]) + ".",
                        [{"before": str(before), "event": str(event), "yours": str(mine)}])
        if isinstance(right[0], tuple) and not isinstance(mine[0], tuple):
            raise Unfit(f"The times should be a list, the oldest first and empty where none is kept. Yours are "
                        f"{kind(returned[0])}.")
        general = f"After {before} and the event {event} your answer is not what the Goal says."
        raise Wrong(mistakes.get(mine, general) if hashable(mine) else general,
                    [{"before": str(before), "event": str(event), "yours": str(mine)}])


def hashable(value) -> bool:
    """Whether a dict can be asked for it."""
    try:
        return hash(value) is not None
    except TypeError:
        return False


# --- exercise 3: stories of one aircraft, as batches (events, watermark)
FIRST = [([(100, "arrived", "UA 1", 45)], 90), ([], 819), ([], 820), ([], 2000)]
SECOND = [([(900, "departed", "UA 4", 40), (500, "arrived", "UA 3", 45)], 480),
          ([(1300, "arrived", "UA 5", 31), (500, "arrived", "UA 3", 45)], 490),
          ([(2020, "departed", "UA 6", 31)], 1900), ([(2600, "arrived", "UA 7", 30), (2600, "arrived", "UA 8", -45)], 2580),
          ([], 4000)]
THIRD = [([(100, "departed", "UA 1", 90), (160, "arrived", "UA 2", 90), (160, "departed", "UA 3", 31)], 150),
         ([(1500, "arrived", "UA 4", 50), (1500, "arrived", "UA 4", 50)], 1400), ([(2200, "departed", "UA 5", 0)], 2190),
         ([(2210, "departed", "UA 7", -45)], 2200), ([(2221, "departed", "UA 6", 60)], 2219), ([], 2300), ([], 5000)]
FOURTH = [([(400, "departed", "UA 3", 50)], 90), ([(150, "arrived", "UA 1", 45)], 140), ([(200, "arrived", "UA 2", 45)], 300),
          ([], 2000)]


def story(seed: int) -> list:
    """One aircraft's days, reported in disorder and partly twice, and the watermark after each batch."""
    draw, at, events = Random(seed), 0, []
    for flight in range(14):
        at += draw.choice([0, 30, 180, 400, 720, 721, 1100])
        events.append((at, draw.choice(["arrived", "departed"]), f"UA {flight}", draw.choice([-40, 0, 30, 31, 60, 200])))
    patience = draw.choice([0, 60, 400])
    reports = [event for event in events for _ in range(draw.choice([1, 1, 2]))]
    reports.sort(key=lambda event: event[0] + draw.uniform(0, patience))
    batches, newest = [], 0
    while reports:
        count = draw.randint(1, 3)
        batch, reports = reports[:count], reports[count:]
        newest = max([newest, *[event[0] for event in batch]])
        batches.append((batch, newest - patience - 1))
    return [*batches, ([], newest + HALF_DAY), ([], newest + 3 * HALF_DAY)]


def unanswered(batches) -> dict:
    """{flight: (minute, the late departure that followed, or None)} of the late arrivals in a whole story."""
    events = {event for batch, _ in batches for event in batch}
    ends = sorted(at for at, kind, _, delay in events if kind == "departed" and delay > LATE)
    return {flight: (at, next((end for end in ends if at <= end <= at + HALF_DAY), None))
            for at, kind, flight, delay in events if kind == "arrived" and delay > LATE}


# --- exercise 4: days of payments
def yes(alarm) -> bool:
    """Whether a learner's second thing says yes; Unfit where it is a text, or no truth value at all."""
    try:
        if not isinstance(alarm, (str, bytes)):
            return bool(alarm)
    except Exception:  # of a frame, a column or a long array
        pass
    raise Unfit(f"Whether it is an alarm should be True or False, yours is {kind(alarm)}.")


LEAST, MOST_KEPT = 0.85, 100             # of precision and of recall; things in memory


def day(seed: int) -> tuple:
    """([(id, card, second, amount)] of a day in order of time, ids of the frauds)."""
    rows, labels = payments(cards=300, authorisations=3_000, seed=seed, fraud=40, bait=80, days=1)
    start = rows[0][2]
    return [(name, card, round((at - start).total_seconds(), 3), amount) for name, card, at, amount in rows], labels
