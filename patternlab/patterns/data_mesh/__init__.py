"""Pattern 13, data mesh: what three domains keep, the contracts that they hand in, its truth, and its lab."""
from ...session import together
from .audit import audited
from .contract import (Refused, address, allowed, columns, keys, meanings, objectives, odcs, refusal, refuse,
                       said, wrong_columns)
from .scene import (REPORT, by_team, draft, evening, folders, listed, listed_columns, matrix, reports, spoiled,
                    station_days)

__all__ = ["REPORT", "Refused", "address", "allowed", "audited", "by_team", "columns", "draft", "evening", "folders",
           "keys", "listed", "listed_columns", "matrix", "meanings", "objectives", "odcs", "refusal",
           "refuse", "reports", "said", "spoiled", "station_days", "together", "wrong_columns"]
