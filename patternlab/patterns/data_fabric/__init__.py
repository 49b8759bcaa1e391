"""Pattern 14, data fabric: five tables of five owners, what is true of their joins, lineage drawn, and lab 14."""
from .picture import draw_lineage
from .scene import (FEBRUARY, PUBLISHED, between_tables, by_table, comparable, condition, described, holding, land,
                    move, opened, outdated, parts, reload, score)

__all__ = ["FEBRUARY", "PUBLISHED", "between_tables", "by_table", "comparable", "condition", "described",
           "draw_lineage", "holding", "land", "move", "opened", "outdated", "parts", "reload", "score"]
