"""Where a streaming query stands, by its checkpoint."""
import json
from pathlib import Path

from .outcomes import Wrong


def checkpoint(path) -> dict:
    """A streaming checkpoint: {'planned': [batch ids], 'committed': [batch ids], 'offsets': of the newest batch}."""
    folder = Path(str(path).removeprefix("file:"))
    planned, done = ([int(file.name) for file in folder.glob(f"{part}/*") if file.name.isdigit()]
                     for part in ("offsets", "commits"))
    if not planned:
        raise Wrong(f"There is no checkpoint at {folder.name}. Give the query its checkpointLocation and run it once.")
    lines = (folder / "offsets" / str(max(planned))).read_text("utf-8").splitlines()[2:]
    offsets = [json.loads(line) for line in lines if line.startswith(("{", "["))]
    return {"planned": sorted(planned), "committed": sorted(done),
            "offsets": offsets[0] if len(offsets) == 1 else offsets}
