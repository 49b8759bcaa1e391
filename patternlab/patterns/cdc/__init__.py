"""Pattern 12, change data capture: the departure board and who writes to it, its truths, and lab 12."""
from .scene import board_changes, enlarged, killed_elsewhere, play, run_elsewhere, settled

__all__ = ["board_changes", "enlarged", "killed_elsewhere", "play", "run_elsewhere", "settled"]
