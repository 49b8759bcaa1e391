"""While the image is built: fetch the locked jars and wheels by the kit's own fetch, and link them by engine under engines/."""
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from patternlab.engines import jars, wheels  # noqa: E402  (the kit is found by the line above)

jars.fetch()
for jar in jars.locked():
    # Connect finds plugins by folder: each one a folder of its own below plugins/
    folder = ROOT / "engines" / ("plugins/debezium" if jar.set == "debezium" else jar.set)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / jar.name).symlink_to(jar.path)
for name in wheels.locked():
    (ROOT / "engines" / name).symlink_to(wheels.bring(name))
