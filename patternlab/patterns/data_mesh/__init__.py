"""Pattern 13, data mesh: what three domains keep, the contracts that they hand in, its truth, and its lab."""
from ...session import together
from .audit import audited
from .contract import (Refused, address, allowed, columns, keys, meanings, objectives, odcs, published, refusal,
                       refuse, said, shown, told, unrunnable, wrong_columns)
from .scene import REPORT, draft, evening, folders, listed, listed_columns, matrix, reports, spoiled, station_days

__all__ = ["REPORT", "Refused", "address", "allowed", "audited", "columns", "draft", "evening", "folders",
           "keys", "listed", "listed_columns", "matrix", "meanings", "objectives", "odcs", "published",
           "refusal", "refuse", "reports", "said", "shown", "spoiled", "station_days", "told",
           "together", "unrunnable", "wrong_columns"]
