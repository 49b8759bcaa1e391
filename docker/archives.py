"""While the image is built: make the engines' class-data-sharing archives, and leave nothing else of the engines that ran."""
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from patternlab.engines import java, place  # noqa: E402  (the kit is found by the line above)

try:
    java.make_archives(print)
except RuntimeError as problem:                    # everything works without them, and takes longer
    print(problem)
for folder in place.state().iterdir():
    if folder.name not in ("archives", "jars", "templates", "wheels"):
        shutil.rmtree(folder)
