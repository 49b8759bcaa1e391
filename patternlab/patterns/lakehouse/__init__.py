"""Pattern 06, lakehouse: a feed with corrections, writers that die, readers that watch, and lab 06."""
