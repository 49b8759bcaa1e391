"""What checks are made of: one module per thing that is looked at. Nothing here starts an engine or knows a pattern.

Each matcher returns what it saw, or raises Wrong with one sentence for the learner.
"""
