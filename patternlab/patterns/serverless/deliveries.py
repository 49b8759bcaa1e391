"""The queue of lab 15, exercise 2: it delivers what a call returns again, and sees what becomes of each message."""
from itertools import islice

from ...checking.calls import Kept, ask, describe, kind
from ...checking.outcomes import Killed, Raised, Unfit, Wrong

ERRORS = (ValueError, KeyError, ConnectionError)
ALWAYS = 99
# of each message: how often it fails, how often its dead letter does, the delivery it begins with; then `most`
STORIES = [
    ([(0, 0, 1), (0, 0, 1)], 3), ([(0, 0, 1), (1, 0, 1), (0, 0, 1)], 3),
    ([(2, 0, 1), (0, 0, 1), (2, 0, 1), (0, 0, 1)], 3), ([(0, 0, 1), (ALWAYS, 0, 1), (0, 0, 1)], 3),
    ([(ALWAYS, 0, 1), (ALWAYS, 0, 2), (1, 0, 1)], 2), ([(ALWAYS, 0, 1), (0, 0, 1)], 1),
    ([(0, 0, 1), (ALWAYS, 0, 5), (0, 0, 5)], 3),
    ([(ALWAYS, 1, 1), (0, 0, 1)], 2), ([(0, 0, 1), (ALWAYS, 2, 3), (ALWAYS, 0, 3)], 3), ([], 3)]


class Call:
    """One call of the learner's function with a batch: what it processed, and which dead letters it wrote."""

    def __init__(self, batch: list, fails: dict, down: dict, killed=None, buried=None):
        self.batch, self.fails, self.down, self.killed, self.buried = batch, fails, down, killed, buried
        self.tried, self.failed, self.dead = [], [], []
        self.raised, self.refused = [], []                 # errors, and ids that no dead letter was taken of

    def process(self, message):
        found = self._known(message, "process")
        self.tried.append(found)
        if found == self.killed:
            raise Killed
        if self.fails.get(found, 0) > 0:
            self.failed.append(found)
            self._fail(len(self.raised), f"{found} can't be processed")

    def dead_letter(self, message):
        found = self._known(message, "dead_letter")
        if found == self.buried:
            raise Killed
        if self.down.get(found, 0) > 0:
            self.down[found] -= 1
            self.refused.append(found)
            self._fail(2, "the topic of dead letters does not answer")
        self.dead.append(found)

    def _fail(self, number: int, said: str):
        error = ERRORS[number % 3](said)
        self.raised.append(error)
        raise error

    def _known(self, message, what: str) -> str:
        for each in self.batch:
            if isinstance(message, dict) and dict(message) == dict(each):
                return each["id"]
        raise Unfit(f"You gave {what} {describe(message)}, which is no message of the batch. It gets the message as it "
                    "came.")


def deliver(answer, story, most: int) -> None:
    """Bring a story's messages until the function wants none of them any more; Wrong where one goes astray."""
    fails = {f"m{number}": times for number, (times, _, _) in enumerate(story, 1)}
    down = {f"m{number}": times for number, (_, times, _) in enumerate(story, 1)}
    waiting = {f"m{number}": begin for number, (_, _, begin) in enumerate(story, 1)}
    for _ in range(12):
        batch = [Kept(id=found, delivery=delivery, body="...") for found, delivery in waiting.items()]
        call = Call(batch, fails, down)
        back = _judged(answer, call, most)
        for found in call.failed:
            fails[found] -= 1
        waiting = {found: delivery + 1 for found, delivery in waiting.items() if found in back}
        if not waiting:
            return


def kill(answer) -> None:
    """A process that ends in the middle of a message, or of its dead letter: the end must get through."""
    for how, what in ((dict(killed="m2"), "m2"), (dict(buried="m2"), "m2's dead letter")):
        batch = [Kept(id=f"m{number}", delivery=3, body="...") for number in (1, 2, 3)]
        call = Call(batch, {"m2": ALWAYS} if "buried" in how else {}, {}, **how)
        try:
            _ids(ask(answer, list(batch), call.process, call.dead_letter, 3), call)
        except Killed:
            if call.dead:
                raise Wrong(f"The process ended while {what} was worked on, and {call.dead[0]} is a dead letter. It had "
                            "not failed.") from None
            continue
        raise Wrong(f"The process was killed in the middle of {what}, and your function went on. `Killed` is no "
                    "Exception: catch less.")


def _judged(answer, call: Call, most: int) -> set:
    given = [dict(message) for message in call.batch]
    show = [{"message": message["id"], "delivery": message["delivery"], "fails": message["id"] in call.fails
             and call.fails[message["id"]] > 0} for message in call.batch] or None
    try:
        back = ask(answer, list(call.batch), call.process, call.dead_letter, most)
        back = _ids(back, call)
    except Raised as raised:
        if raised.error not in call.raised:
            raise
        what, whose = ("dead_letter", call.refused) if "dead letters" in str(raised.error) else ("process", call.failed)
        raise Wrong(f"{what} raised a {type(raised.error).__name__} for {whose[-1]}, and your function let it out. The "
                    "whole batch comes again, also what was processed.", show) from None
    if [dict(message) for message in call.batch] != given:
        raise Wrong("You changed a message of the batch. The queue has its own, so nobody sees that: leave it.", show)
    ids = [message["id"] for message in call.batch]
    if missing := [found for found in ids if found not in call.tried]:
        raise Wrong(f"{missing[0]} was not processed in this call. Each message of a batch gets its turn.", show)
    if more := [found for found in ids if call.tried.count(found) > 1]:
        raise Wrong(f"{more[0]} was processed {call.tried.count(more[0])} times in one call. Another try is the "
                    "queue's, later.", show)
    if call.tried != ids:
        raise Wrong(f"The messages were processed in the order {', '.join(call.tried)}; the batch has another one.", show)
    for message in call.batch:
        _fate(message, call, back, most, show)
    return set(back)


def _fate(message, call: Call, back: list, most: int, show) -> None:
    found, delivery = message["id"], message["delivery"]
    failed, dead, again = found in call.failed, call.dead.count(found), back.count(found)
    if dead > 1 or again > 1:
        raise Wrong(f"{found} {'is a dead letter twice' if dead > 1 else 'stands in your list twice'}.", show)
    if not failed and (dead or again):
        raise Wrong(f"{found} was processed, and {'is a dead letter' if dead else 'your list wants it again'}.", show)
    if dead and again:
        raise Wrong(f"{found} is a dead letter, and your list wants it again: it would be in two places.", show)
    if dead and delivery < most:
        raise Wrong(f"{found} failed in delivery {delivery} of {most}, and is a dead letter already. It has tries "
                    "left.", show)
    if failed and not dead and not again:
        raise Wrong(f"{found} failed, and it is neither in your list nor a dead letter: it is lost.", show)
    if again and delivery >= most and found not in call.refused:
        raise Wrong(f"{found} failed in delivery {delivery}, {most} are the most, and your list wants it again. So it "
                    "goes on for ever.", show)


def _ids(back, call: Call) -> list:
    if isinstance(back, (str, bytes, dict)) or not hasattr(back, "__iter__"):
        raise Unfit(f"Your function should return a list of ids, and it returned {kind(back)}.")
    ids = [message["id"] for message in call.batch]
    back = list(islice(back, 2 * len(ids) + 1))            # more would be some of them again
    for each in back:
        if isinstance(each, dict):
            raise Wrong("Your list has messages in it. The queue wants their ids.")
        if each not in ids:
            raise Wrong(f"Your list has {describe(each)}, which is no id of the batch.")
    return back
