"""Lab 09: what is right in each exercise, and what each usual mistake is told."""
from ...checking.calls import fits
from ...checking.outcomes import Exercise
from ...checking.seeds import over_seeds
from . import oncall, revival, trial


def served(answer):
    """serve(batch, speed): some pairs of views, each with its trap."""
    trial.serving(answer)
    return "Before the seam the batch, from the seam on the stream: each report on the board once."


def seamed(answer):
    """run_batch(log, speed, publish): 20 replays of five runs, on a log that grows and under a reader who always looks."""
    fits(answer, None, None, None)
    over_seeds(20, lambda seed: trial.batch_trial(answer, seed))
    return "Twenty replays: gap 0, overlap 0, whatever came while a batch ran."


def revived(answer):
    """step(log, state, speed, seam, limit): for each of 20 seeds kills, new seams, and an hour in which nobody counts."""
    fits(answer, None, None, None, None, None)
    over_seeds(20, lambda seed: revival.trial(answer, seed))
    return "Twenty dead hours: caught up from the checkpoint or the seam, nothing left out, nothing written twice."


def blamed(answer):
    """blame(history): for each of 20 seeds every fault, none, and faults that are over; then the edges of each clause."""
    fits(answer, None)
    over_seeds(20, lambda seed: oncall.trial(answer, seed))
    oncall.edges(answer)
    return "Two numbers are enough: one says whether every report is counted, the other whether both layers agree."


EXERCISES = {
    1: Exercise("One board of two views", served,
                ("Which rows of the speed view does the batch view lack? Those, and only those, are added.",
                 "offset >= batch['seam']; board.get(origin, (0, 0)), then one flight more, and on_time more on time."),
                "The batch has counted all before the seam, and the first report that it has not is the one at the seam. "
                "Before and from leave no offset out and take none twice, whichever rows are still there."),
    2: Exercise("The seam of a batch that takes its time", seamed,
                ("How often does today's job ask where the log ends, and what comes between the questions?",
                 "seam = log.end(), once, before the read; read(0, seam); publish with this seam; then delete the offsets "
                 "below it from speed."),
                "The end is asked once and everything follows from it: what is read, what is published, what is "
                "forgotten. What comes meanwhile is from the seam on, so it stays in the speed view. Forgetting comes last: "
                "until the new view is there, readers need the old rows.",
                minutes=20),
    3: Exercise("Back after an hour", revived,
                ("Two offsets are known when the layer wakes: how far it had come, and how far the batch has. Which one counts?",
                 "first = max(state.get('next', seam), seam); until = min(first + limit, log.end()); the rows under their "
                 "offsets, the checkpoint after them, then forget what is below the seam."),
                "What the batch has covered needs no speed layer, so it begins at the later of the two. A row stands under "
                "its offset, so a call that is done again writes the same rows; the checkpoint follows the rows, so no "
                "kill can leave some out.",
                minutes=25),
    4: Exercise("Which layer lies?", blamed,
                ("Missing asks whether each report is counted once, moved whether both layers agree. What does each fault do to "
                 "them?",
                 "Find the last batch. Too long ago? Is the newest missing below 0, or above 5 and growing? Only if not: was "
                 "missing healthy before the batch, and |moved| above 5?"),
                "A count that is off is the seam's or a dead layer's, and they differ in growth. Where every report is "
                "counted, a batch that moves the board has found the two codes to differ. So the order of the questions "
                "matters: a batch also moves the board when it brings what was missing.",
                minutes=40, starred=True)}
