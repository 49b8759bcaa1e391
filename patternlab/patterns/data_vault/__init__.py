"""Pattern 05, data vault: two sources that describe flights and aircraft, how each statement is kept, and lab 05."""
