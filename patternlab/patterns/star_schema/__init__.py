"""Pattern 04, star schema: who flew which aircraft when, totals, and lab 04."""
