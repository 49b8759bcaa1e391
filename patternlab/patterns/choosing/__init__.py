"""Pattern 17, choosing: one question through nine architectures, what is measured of them, and lab 17 with its vignettes."""
from ...session import together
from .answers import totals
from .contest import Contest
from .scene import second

__all__ = ["Contest", "second", "together", "totals"]
