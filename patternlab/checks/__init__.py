"""One module per lab: what a right answer is, what each usual mistake is told, and the truths of that pattern."""
