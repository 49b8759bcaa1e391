"""The world of exercise 3 of lab 01: a topic that never rests, a state that survives, a load that may be killed."""
import copy
import random
from collections import Counter
from numbers import Integral

from ...checking.calls import describe, do, kind
from ...checking.outcomes import Killed, Unfit, Wrong


class State(dict):
    """What survives a crash: a dict of its own class, so that the learner's function gets it and no copy."""


class Topic:
    """`ends()` is {partition: the offset that comes next}, `read(partition, first, until)` gives messages from first
    up to, and not including, until. Between any two calls airports send more."""

    def __init__(self, seed: int):
        self._chance, self._log = random.Random(seed), {0: [], 1: []}
        self.calls = self.grown = 0
        for _ in range(6):
            self._send()

    def _send(self):
        partition = self._chance.choice(sorted(self._log))
        self._log[partition].append(f"{partition}/{len(self._log[partition])}")

    def grow(self):
        """What happens between two calls, some dozen times a run; now and then the topic gets another partition."""
        self.calls += 1
        if self.calls > 2_000:
            raise Unfit("Your function called the topic two thousand times and has not ended. Read a partition once.")
        self.grown += 1
        if self.grown > 12:
            return
        for _ in range(self._chance.choice((0, 1, 2, 3))):
            self._send()
        if len(self._log) < 4 and self._chance.random() < 0.1:
            self._log[len(self._log)] = []

    def ends(self) -> dict:
        self.grow()
        return {partition: len(messages) for partition, messages in self._log.items()}

    def read(self, partition, first, until) -> list:
        self.grow()
        known = self._log.get(partition)
        if known is None:
            raise Unfit(f"You read partition {describe(partition)}, and the topic has {sorted(self._log)}.")
        if not all(isinstance(offset, Integral) for offset in (first, until)) or not 0 <= first <= until <= len(known):
            raise Wrong(f"You read partition {partition} from {describe(first)} until {describe(until)}, and its "
                        f"messages go from 0 until {len(known)}.")
        return known[first:until]

    def now(self) -> dict:
        """The ends, without anything happening."""
        return {partition: len(messages) for partition, messages in self._log.items()}


CAUGHT = "You caught the crash of load. A process that is gone catches nothing: let it end your function."


class Loads:
    """What `load` was given: `done`, all that went through, and `crashed`, the messages of a load that was killed."""

    def __init__(self, topic: Topic, chance: random.Random, state: State):
        self.done, self.crashed, self.peace, self._topic, self._chance = [], None, False, topic, chance
        self.calls, self.kept, self._state = 0, None, state

    def __call__(self, messages):
        if self.kept is not None:
            raise Wrong(CAUGHT)
        self.calls += 1
        if self.calls > 1:
            raise Wrong("You called load twice in one run. Give it all messages of the run in one call: "
                        "between two calls the process may die.")
        if not isinstance(messages, (list, tuple)):
            raise Unfit(f"load takes a list of messages; you gave {kind(messages)}.")
        mine, before = sorted(map(str, messages)), self.crashed
        if before and not set(before) & set(mine):
            raise Wrong("The messages of a crashed load were never loaded: your state had moved on before the load was "
                        "through.", f"crashed: {describe(before, 60)}, next: {describe(mine, 60)}")
        if before is not None and before != mine:
            raise Wrong("The run after a crash did not load what the crashed one was about to load. Its bounds must be "
                        "fixed, and kept, before it reads.",
                        f"crashed run: {len(before)} messages, next run: {len(mine)}")
        if not self.peace and self._chance.random() < 0.35:
            self.crashed, self.kept = mine, copy.deepcopy(dict(self._state))
            raise Killed
        self.done += mine
        self.crashed = None
        self._topic.grow()


def trial(answer, number: int) -> None:
    """A dozen runs of the learner's function on a seed's topic, then two in peace; Wrong where one loads amiss."""
    chance, topic, state = random.Random(number), Topic(number), State()
    load = Loads(topic, chance, state)
    for turn in range(14):
        load.peace, load.calls, load.kept, topic.grown = turn > 11, 0, None, 0
        before, repeats = topic.now(), load.crashed is not None
        try:
            do(answer, topic, state, load)
        except Killed:
            state.clear()
            state.update(load.kept)  # what a finally did to it never happened
            continue
        if load.kept is not None:
            raise Wrong(CAUGHT)
        if load.crashed:
            raise Wrong("A load crashed, and the run after it loaded nothing. It has to repeat that load.")
        _judge(load.done, {} if repeats else before)


def _judge(done: list, before: dict) -> None:
    """Wrong unless `done` has no message twice, no gap, and all that was there `before` the run."""
    twice = [message for message, count in Counter(done).items() if count > 1]
    if twice:
        raise Wrong(f"Message {twice[0]} was loaded twice. The next extract begins where the last one ended.")
    offsets = {}
    for message in done:
        partition, offset = map(int, message.split("/"))
        offsets.setdefault(partition, set()).add(offset)
    for partition, known in offsets.items():
        if gap := sorted(set(range(max(known))) - known):
            raise Wrong(f"Message {partition}/{gap[0]} was never loaded, and later ones were. "
                        + ("It came while a run was working: the next run begins where that one stopped reading."
                           if gap[0] else "A partition begins at offset 0."))
    if not done and any(before.values()):
        raise Wrong("A run loaded nothing, and messages were waiting.")
    for partition, end in before.items():
        if end and partition not in offsets:
            raise Wrong(f"Partition {partition} is never read. A topic can get partitions, and "
                        "a new one begins at offset 0.")
        if end and end - 1 not in offsets[partition]:
            raise Wrong(f"Message {partition}/{end - 1} was there when the run began, and the run did not load it.")
