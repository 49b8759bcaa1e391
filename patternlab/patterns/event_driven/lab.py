"""Lab 11: what is right in each exercise, and what each usual mistake is told."""
from collections.abc import Mapping

from ...checking.calls import Kept, ask, fits, kind
from ...checking.kinds import number, pair
from ...checking.outcomes import Exercise, Raised, Unfit, Wrong
from ...checking.seeds import over_seeds
from ...checking.tables import equal
from . import ledger, trial

REFUSED = object()                                         # the answer raised a ValueError


def applied(answer):
    """apply(state, event): thirteen steps, each with its sentence."""
    for state, event, right, said in trial.STEPS:
        given, told = Kept(state), Kept(event)
        try:
            mine = ask(answer, given, told)
        except Raised as raised:
            if not isinstance(raised.error, ValueError):
                raise
            mine = REFUSED
        for changed, was, what in ((given, state, "state"), (told, event, "event")):
            if changed != was:
                raise Wrong(f"You changed the {what} that you were given. Others may still hold it: make another dict.",
                            [{"": "given", **was}, {"": "now", **changed}])
        show = [{"": "state", **state}, {"": "event", **event}]
        if mine is REFUSED and right is not ValueError:
            if event["version"] <= state["version"]:
                raise Wrong("You refused a copy. It comes often, and is no error: the state stays as it is.", show)
            raise Wrong(f"You refused a {event['kind']} as the next version. What has happened has happened: apply it.",
                        show)
        if mine is not REFUSED:
            mine = _state(mine)
            show.append({"": "yours", **mine})
        if mine is not REFUSED and (right is ValueError or not equal(mine, right)):
            raise Wrong(said, show)
    return "Copies change nothing, gaps are refused, and what has happened is applied: a fold of it has one result."


def _state(mine) -> dict:
    if not isinstance(mine, Mapping):
        raise Unfit(f"apply should return a state, a dict, and yours returned {kind(mine)}.")
    if missing := [name for name in ("version", "status", "delay") if name not in mine]:
        raise Wrong(f"Your state has no {missing[0]}. A state has version, status and delay.", [dict(mine)])
    return {name: mine[name] for name in ("version", "status", "delay")}


def old_and_new(answer):
    """(upcast, state_at): nine events, then states at eight cuts, from the newest snapshot on."""
    upcast, state_at = pair(answer, 2, "upcast", "state_at")
    fits(state_at, None, None, None)
    for event, said in trial.OLD:
        given = Kept(event)
        mine = ask(upcast, given)
        if not isinstance(mine, Mapping):
            raise Unfit(f"upcast should return an event, a dict, and yours returned {kind(mine)}.")
        if given != event:
            raise Wrong("You changed the stored event. A store is never written again: return another dict.",
                        [{"": "stored", **event}, {"": "now", **given}])
        right = trial.upcast(event)
        if missing := [name for name in right if name not in mine]:
            raise Wrong(f"An event of schema 2 has a {missing[0]}, and yours has none.", [{"": "event", **event}])
        if not equal({name: mine[name] for name in right}, right):
            raise Wrong(said, [{"": "event", **event}, {"": "yours", **mine}])
    events = trial.history()
    for positions, cut, begin in trial.CUTS:
        _at(state_at, trial.Store(events), positions, cut, begin)
    return "Old events are read as new ones, and a state is a snapshot with its tail: nothing stored was touched."


def _at(state_at, store, positions, cut, begin):
    snapshots = {position: store.states(position) for position in positions}
    given = Kept({position: Kept({key: Kept(state) for key, state in states.items()}) for position, states in snapshots.items()})
    parts = [(state, snapshots[position][key]) for position, states in given.items() for key, state in states.items()]
    mine = ask(state_at, store, given, cut)
    show = [{"snapshots": str(list(positions)), "cut": cut, "you read": str(store.spans)}]
    if any(state != was for state, was in parts):
        raise Wrong("A state within a snapshot was changed. A copy of the snapshot holds the same states: make new ones.", show)
    if given != snapshots:
        raise Wrong("A snapshot was changed by your call. It is the state at its position and has to stay that: fold into "
                    "a copy.", show)
    if not isinstance(mine, Mapping):
        raise Unfit(f"state_at should return states, a dict, and yours returned {kind(mine)}.")
    right = store.states(cut)
    if not right and mine:
        raise Wrong("After no event there is no flight, and yours has some.", show)
    if lacking := [key for key in right if key not in mine]:
        raise Wrong(f"After {cut} events your states lack the flight {lacking[0]}.", show)
    for key, state in mine.items():
        if key not in right:
            raise Wrong(f"After {cut} events your states have the flight {key}, of which nothing had happened.", show)
        if not isinstance(state, Mapping) or not equal(dict(state), right[key]):
            later = any(position > cut for position in positions) and equal(mine, store.states(max(positions)))
            said = f"After {cut} events the state of {key} is off. Fold, upcast, what lies behind the snapshot, up to the cut."
            if later:
                said = "You began with a snapshot that is newer than the cut: it knows what had not yet happened."
            raise Wrong(said, [{"": "yours", **state}] if isinstance(state, Mapping) else show)
    spent = sum(until - after for after, until in store.spans)
    if spent > cut - begin:
        raise Wrong(f"You read {spent} events, and the newest snapshot up to the cut leaves {cut - begin}.", show)


def charged(answer):
    """consume(topic, db): a run without a kill over each topic, then over the first a kill at each moment of a run."""
    fits(answer, None, None)
    db, topic, moments = ledger.run(answer, None)
    ledger.verdict(ledger.fees(db), "After a run that nobody killed", topic, False)
    db, topic, _ = ledger.run(answer, None, ledger.LONGER)
    found = ledger.fees(db)
    if found == ledger.owed(ledger.LONGER[len(ledger.EVENTS):]):
        raise Wrong("A second run, on a database of its own, has charged nothing of what the first one had. Your function "
                    "remembers that outside of the database, and a kill takes such a memory.")
    ledger.verdict(found, "After a run over a longer topic", topic, False)
    for at in range(1, moments + 1):
        db, topic, _ = ledger.run(answer, at)
        ledger.verdict(ledger.fees(db), "After a kill and a second run", topic, True)
    return f"Killed at each of {moments} moments and run again: every event was charged once."


def full_sky(answer):
    """fullest(history): twelve small histories, each with its sentence, then 20 seeds."""
    for history, said in trial.CASES:
        mine = _fullest(answer, history)
        if mine != trial.fullest(history):
            raise Wrong(said, [*history, {"kind": "yours:", "occurred": str(mine)}])
    over_seeds(20, lambda seed: _seed(answer, seed))
    return "Twenty days, copies and returns included: a question that nobody had asked when the events were written."


def _fullest(answer, history):
    return _two(ask(answer, [Kept(event) for event in history]))


def _two(mine):
    if not isinstance(mine, (tuple, list)) or len(mine) != 2:
        raise Unfit(f"fullest should return two things, most and moment, and yours returned {kind(mine)}.")
    most, moment = mine
    if moment is not None and not isinstance(moment, str):
        raise Unfit(f"The moment should be a text as in the events, or None, and yours is {kind(moment)}.")
    return number(most, "The most"), moment


def _seed(answer, seed):
    history = trial.lives(seed)
    right, mine = trial.fullest(history), _fullest(answer, history)
    if mine != right:
        what = "moment at which it was reached" if mine[0] == right[0] else "most"
        raise Wrong(f"That is not the {what}.", [{"events": len(history), "your most": mine[0], "your moment": mine[1]}])


EXERCISES = {
    1: Exercise("A fold that bears any delivery", applied,
                ("Compare two versions: the event's and the state's. There are three cases, and one of them is an error.",
                 "Not newer: return state. More than one ahead: raise ValueError. Else a new dict, with "
                 "event.get('delay', state['delay'])."),
                "The version says all that delivery can do: not newer is a copy, one more is the next, more than one is a "
                "gap. So apply needs no memory but the state, and a fold gives one result however events are delivered."),
    2: Exercise("Old events, and states that begin in the middle", old_and_new,
                ("Old events stay as they are: make new ones of them when you read. Which snapshot may know too much?",
                 "late.lstrip('-').split(':'), then the sign. max of the positions <= cut, default 0; "
                 "fold(map(upcast, store.read(newest, cut)), dict(snapshots.get(newest, {})))."),
                "An upcaster stands between store and fold, so the fold knows one schema only and the record is never "
                "rewritten. A snapshot shortens the way and adds nothing, as long as nobody writes into it.",
                minutes=20),
    3: Exercise("A consumer that may die anywhere", charged,
                ("Which two things must become true at the same moment? And how do you know that an event was there before?",
                 "One transaction a batch: rows['next'], rows['fees'], and a set of the (key, version) that were charged."),
                "Where effect and offset are one commit, no kill comes between them. A copy under another offset is no "
                "matter of offsets: only the event's own name, kept in the same transaction, tells it.",
                minutes=25),
    4: Exercise("The projection nobody planned", full_sky,
                ("What changes the number, by how much, and when? Which of these changes happen at one moment?",
                 "A dict by (key, version) drops copies; a Counter by occurred adds +1 and -1; walk it sorted, and keep the "
                 "first moment at which the sum is larger than any before."),
                "Each event is a change of plus or minus one, so the answer is a running sum over time. Nothing had to be "
                "recorded for it, because events say what happened and not what somebody wanted to know.",
                minutes=30, starred=True)}
