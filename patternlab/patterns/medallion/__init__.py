"""Pattern 03, medallion: the board that gold must equal, and lab 03."""
