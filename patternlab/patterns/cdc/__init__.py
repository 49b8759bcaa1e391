"""Pattern 12, change data capture: the departure board, what stands around it, its truths, and lab 12."""
from ...session import together
from .around import SLOW_SNAPSHOT, addresses, arrived, batches, elsewhere, events_of, killed_in_batch, payloads, settled
from .measured import compared, cost, enlarged, lags, lives, log_end, log_size, milliseconds, noise, on_board, told
from .scene import as_table, board_changes, going_on, one_flight, parts, play, untouched

__all__ = ["SLOW_SNAPSHOT", "addresses", "arrived", "as_table", "batches", "board_changes", "compared", "cost", "elsewhere",
           "enlarged", "events_of", "going_on", "killed_in_batch", "lags", "lives", "log_end", "log_size", "milliseconds",
           "noise", "on_board", "one_flight", "parts", "payloads", "play", "settled", "together", "told", "untouched"]
