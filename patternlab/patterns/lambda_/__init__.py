"""Pattern 09, Lambda: what the board must say, the log of reports, the notes that are taken of its layers, and lab 09."""
