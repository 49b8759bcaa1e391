"""The memory that Linux allows this process: the limits of its own control group and of those above it, of version 1 and 2."""
from pathlib import Path

# version: (limit, used, the name in memory.stat of cache that can be given back, (file, word) that counts kills)
_FILES = {2: ("memory.max", "memory.current", "inactive_file", ("memory.events", "oom_kill")),
          1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", ("memory.oom_control", "oom_kill"))}


def groups(root: Path = Path("/")) -> list:
    """(version, folder) of this process's memory group and each one above it, the nearest first; [] outside Linux.

    A container may see the path of its group on the host, which is not mounted in it: those folders are left out.
    """
    try:
        mounts = [line.split()[1:4] for line in (root / "proc/mounts").read_text().splitlines()]
        mine = [line.split(":", 2) for line in (root / "proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return []
    found = []
    for _, controllers, path in mine:
        version = 2 if not controllers else 1 if "memory" in controllers.split(",") else 0
        for place, kind, options in mounts if version else ():
            if kind == ("cgroup2" if version == 2 else "cgroup") and (version == 2 or "memory" in options.split(",")):
                top = root / place.lstrip("/")
                folder = top / path.lstrip("/")
                while top in (folder, *folder.parents):
                    if (folder / _FILES[version][1]).exists():
                        found.append((version, folder))
                    folder = folder.parent
    return found


def free(root: Path = Path("/")) -> "int | None":
    """The bytes that the tightest limit leaves, cache that can be given back counted as free; None where there is no limit."""
    left = []
    for version, folder in groups(root):
        limit, used, cache, _ = _FILES[version]
        try:
            most = int((folder / limit).read_text())                      # "max": no limit here
            left.append(most - int((folder / used).read_text()) + _number(folder / "memory.stat", cache))
        except (OSError, ValueError):
            continue
    return min(left, default=None)


def kills(root: Path = Path("/")) -> int:
    """How many processes Linux has killed because this process's group had used up its memory."""
    for version, folder in groups(root)[:1]:
        file, word = _FILES[version][3]
        return _number(folder / file, word)
    return 0


def _number(file: Path, word: str) -> int:
    try:
        return int(dict(line.split(" ", 1) for line in file.read_text().splitlines()).get(word, 0))
    except (OSError, ValueError):
        return 0
