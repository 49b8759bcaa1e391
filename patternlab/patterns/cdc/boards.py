"""Exercise 2 of lab 12: replicas of a board. What a refusal says of a flight is read off the flight's own messages."""
import json

from ...checking.calls import ask, kind
from ...checking.outcomes import Unfit, Wrong
from ...checking.tables import plain, rows
from .trial import messages, told

A, B, C = ({"key": "UA/1", "status": status} for status in ("scheduled", "delayed", "boarding"))
BY_HAND = [  # (messages, rows): nothing, one, the text's example with and without its tombstone, and a flight that came back
    ([], []),
    (told("c", 100, None, A), [A]),
    (told("c", 100, None, A) + told("d", 110, A, None) + told("c", 100, None, A), []),
    (told("c", 100, None, A) + told("d", 110, A, None, tombstone=False) + told("c", 100, None, A), []),
    (told("c", 100, None, A) + told("u", 110, A, B) + told("d", 120, B, None) + told("c", 130, None, C), [C])]


def replica(answer):
    """The learner's replica(messages) on topics by hand, and on 20 after crashes, half of them without tombstones."""
    cases = BY_HAND + [messages(seed, tombstones=seed % 2 == 0) for seed in range(1, 21)]
    found = [_board(ask(answer, topic)) for topic, _ in cases]
    right = [{row["key"]: row["status"] for row in expected} for _, expected in cases]
    failed = [at for at, board in enumerate(found) if board != right[at]]
    if failed:
        at = failed[0]
        lead = f"It failed on {len(failed)} of {len(cases)} topics, first on number {at + 1}: "
        sentence, show = _cause(cases, found, right, at)
        raise Wrong(lead + sentence, show)
    return "Deletes, tombstones and messages that come twice: twenty topics, twenty equal tables."


def _board(answer) -> dict:
    """{key: status} of the learner's rows; Wrong where a row has no key, or a key two rows."""
    if isinstance(answer, (list, tuple)) and any(row is None for row in answer):
        raise Unfit("There is a None among your rows: the after of a delete was read as a row.")
    found = rows(list(answer) if isinstance(answer, tuple) else answer, ["key", "status"])
    if strange := [value for name in ("key", "status") for value in found[name]
                   if not isinstance(value, str) and plain(value) is not None]:
        raise Unfit(f"Key and status of a row should be texts; one of yours is {kind(strange[0])}.")
    if twice := sorted(found.key[found.key.duplicated() & found.key.notna()]):
        raise Wrong(f"Flight {twice[0]} has more than one row. The board has one row a flight, the newest.",
                    found[found.key == twice[0]])
    return {plain(key): plain(status) for key, status in zip(found.key, found.status)}


def _cause(cases, found, right, at) -> tuple:
    """(sentence, messages to show) for the first thing that is off in board number `at`."""
    topic, mine, board = cases[at][0], found[at], right[at]
    if None in mine:
        silent = [topic for (topic, _), other in zip(cases, found) if None in other]
        tombstones = all(any(message["value"] is None for message in topic) for topic in silent)
        return (f"There is a row without a key: a {'tombstone' if tombstones else 'delete'} was read as a row.",
                [{"key": key, "status": status} for key, status in mine.items() if key is None])
    if unknown := sorted(set(mine) - set(_keys(topic))):
        row = {"key": unknown[0], "status": mine[unknown[0]]}
        return f"Flight {unknown[0]} is in your table, and no message speaks of it.", [row]
    if left := sorted(set(mine) - set(board)):
        told = _stayed(cases, found, right, at, left[0])
        return f"Flight {left[0]} is in your table and has left the board: {told}.", _of(topic, left[0])
    if missing := sorted(set(board) - set(mine)):
        return f"Flight {missing[0]} is missing: {_missed(topic, missing[0])}.", _of(topic, missing[0])
    key = min(key for key in board if mine[key] != board[key])
    copied = any(event["after"] and event["after"]["status"] == mine[key] for event in _copies(topic, key))
    return (f"Your row of {key} is an old one: a message that came again overwrote a newer one." if copied else
            f"Your row of {key} is not what its newest message says."), _of(topic, key)


def _stayed(cases, found, right, at, key):
    topic, status = cases[at][0], found[at][key]
    marked = [number for number, (topic, _) in enumerate(cases) if any(message["value"] is None for message in topic)]
    # the same messages with their tombstones, where there is such a topic, else all that have some
    like = [number for number in marked if [each for each in cases[number][0] if each["value"] is not None] == topic] or marked
    if at not in marked and all(found[number] == right[number] for number in like):
        return "this topic has no tombstones, the event with op d is the delete"
    if not any(set(_keys(topic)) - set(mine) for (topic, _), mine in zip(cases, found)):
        return "nothing was ever deleted"
    if any(event["after"] and event["after"]["status"] == status for event in _copies(topic, key)):
        return "a message from before its delete came again and brought it back"
    return "its delete was not applied"


def _missed(topic, key):
    if any(event["op"] == "d" for event in _copies(topic, key)):
        return "an old delete came again and took it"
    if any(event["op"] == "d" for event in _of(topic, key)):
        return "it came back to the board after a delete"
    return "no message deletes it"


def _keys(topic):
    return [json.loads(message["key"])["key"] for message in topic]


def _of(topic, key) -> list:
    """The events of a flight, in order of arrival."""
    return [json.loads(message["value"]) for name, message in zip(_keys(topic), topic)
            if name == key and message["value"] is not None]


def _copies(topic, key) -> list:
    """The events of a flight that came again behind its newest one."""
    events = _of(topic, key)
    newest = max(range(len(events)), key=lambda number: (events[number]["source"]["lsn"], -number))
    return [event for event in events[newest + 1:] if event["source"]["lsn"] < events[newest]["source"]["lsn"]]
