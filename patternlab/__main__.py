"""`python -m patternlab VERB`: the same verbs as kit.py, for an environment that is there already (conda, a container)."""
import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
