"""The room of source/template-lab.py: what to copy for a new pattern."""
