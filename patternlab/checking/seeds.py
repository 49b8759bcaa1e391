"""A design exercise on many faults: the learner's function is tried on every seed, within a budget of seconds."""
import time

from .outcomes import Ended, Raised, Unfit, Wrong


def over_seeds(count: int, trial, budget: float = 30.0) -> None:
    """`trial(seed)` for seeds 1..count; Wrong says on how many it failed and why on the first one.

    `trial` raises Wrong to refuse. Raised and Ended end the run at once, with the seed in the input; so does Unfit, without one.
    `budget`: seconds for all.
    """
    began, failed = time.monotonic(), []
    for seed in range(1, count + 1):
        try:
            trial(seed)
        except Unfit:
            raise
        except Ended as ended:
            raise Ended(ended.sentence, f"seed {seed}, {ended.show}") from None
        except Wrong as wrong:
            failed.append((seed, wrong))
        except Raised as raised:
            raise Raised(raised.error, f"seed {seed}: {raised.given}") from raised.error
        spent = time.monotonic() - began
        if spent > budget and seed < count:
            raise Wrong(f"It took {spent:.0f} s for {seed} of {count} seeds; the budget is {budget:.0f} s for all. "
                        "Do the work once per run, not once per event.")
    if failed:
        seed, first = failed[0]
        raise Wrong(f"It failed on {len(failed)} of {count} seeds, first on seed {seed}: {first.sentence}", first.show)
