"""Pattern 11, event-driven: a day's facts and what stands around their readers, its truths, and lab 11."""
from ...groups import batches, fresh
from ...session import together
from .around import here, killed_once
from .scene import (as_board, as_message, cancelled, desk_at, differing, facts, held_up, newest_snapshot, over_time, parts,
                    refusal, rows_of, storm_day, tally, told, two_lives, without_one)

__all__ = ["as_board", "as_message", "batches", "cancelled", "desk_at", "differing", "facts", "fresh", "held_up", "here",
           "killed_once", "newest_snapshot", "over_time", "parts", "refusal", "rows_of", "storm_day", "tally", "together", "told",
           "two_lives", "without_one"]
