"""The jupyter service: lay the learner's desk, then serve JupyterLab on it as `kit.py start` does."""
import argparse

from patternlab.commands import desk, start

desk.lay()
raise SystemExit(start.serve(argparse.Namespace(ip="0.0.0.0", port=8888, no_browser=True)))
