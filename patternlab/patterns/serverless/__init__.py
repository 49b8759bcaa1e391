"""Pattern 15, serverless: departures that each call a function, what befalls them, their truth, and lab 15."""
from ...groups import batches, fresh
from ...session import together
from .scene import (as_calls, beside, bursts, cleared, departures, deployed, desk_at, gone, humps, nothing, odd_evening,
                    with_kills, with_poison)

__all__ = ["as_calls", "batches", "beside", "bursts", "cleared", "departures", "deployed", "desk_at", "fresh", "gone",
           "humps", "nothing", "odd_evening", "together", "with_kills", "with_poison"]
