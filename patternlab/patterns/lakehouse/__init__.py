"""Pattern 06, lakehouse: the feed of departures and its corrections, writers that die, readers that watch, and lab 06."""
