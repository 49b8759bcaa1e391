"""Readers of topics in consumer groups: a name that is new, and batches up to where the topic ends now."""
import json
import time
import uuid


def fresh(name: str) -> str:
    """The name with a few letters that nobody else has: for a consumer group that begins with nothing."""
    return f"{name}-{uuid.uuid4().hex[:6]}"


def batches(consumer, most: int = 500, seconds: float = 60):
    """The messages that the topic holds for this consumer up to where it ends now, in lists of at most `most`.

    Each is a message's JSON, with the `part` and the `offset` where it stands. The end is asked for once the consumer has its
    partitions. TimeoutError where it is not reached in `seconds`.
    """
    ends, give_up = None, time.monotonic() + seconds
    while time.monotonic() < give_up:
        # joining a group takes a moment on a busy machine, and a poll that gives up on it begins again
        found = consumer.poll(timeout_ms=100 if consumer.assignment() else 5000, max_records=most)
        if ends is None and consumer.assignment():
            ends = consumer.end_offsets(list(consumer.assignment()))
        if found:
            yield [{**json.loads(message.value), "part": message.partition, "offset": message.offset}
                   for messages in found.values() for message in messages]
        if ends is not None and all(_place(consumer, part) >= end for part, end in ends.items()):
            return
    raise TimeoutError(f"The end of the topic was not reached in {seconds:.0f} s. Close other notebooks, run the cell again.")


def _place(consumer, part) -> int:
    """Where the consumer reads on in a partition; 0 as long as it does not know that."""
    return consumer.position(part, timeout_ms=5000) or 0
