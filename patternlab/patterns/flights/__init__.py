"""The spine: what is true of the flights themselves, whatever the pattern."""
