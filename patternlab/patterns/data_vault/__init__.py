"""Pattern 05, the data vault: two sources that say things about flights and aircraft, and how each statement is kept."""
