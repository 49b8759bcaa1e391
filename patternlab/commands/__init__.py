"""One module per verb of kit.py; none of them is imported by a notebook."""
