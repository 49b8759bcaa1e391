"""Pattern 15, serverless: departures that each call a function, what befalls them, their truth, and lab 15."""
from ...engines.programs import written as deployed
from ...groups import batches, fresh
from ...session import together
from .scene import (as_calls, beside, bill, bursts, cleared, departures, desk_at, gone, humps, nothing, odd, with_kills,
                    with_poison)

__all__ = ["as_calls", "batches", "beside", "bill", "bursts", "cleared", "departures", "deployed", "desk_at", "fresh", "gone",
           "humps", "nothing", "odd", "together", "with_kills", "with_poison"]
