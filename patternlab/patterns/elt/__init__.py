"""Pattern 02, ELT: reports that come in drops, what a filter on the newest misses, and lab 02."""
