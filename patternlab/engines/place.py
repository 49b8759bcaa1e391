"""Where things lie and which stack this is: the checkout, the state folder, and the settings of the environment."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def setting(name: str, default: str = "") -> str:
    """The value of PATTERNLAB_<NAME>, stripped; `default` where it is unset or empty."""
    return os.environ.get(f"PATTERNLAB_{name}", "").strip() or default


def state(*parts: str) -> Path:
    """A folder below the state folder (PATTERNLAB_STATE, else .patternlab in the checkout), made if missing."""
    folder = Path(setting("STATE", str(ROOT / ".patternlab"))).expanduser().resolve().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"The state folder {folder} can't be written ({error.strerror}). "
                      "Set PATTERNLAB_STATE to a folder of your own and start again.") from None
    return folder


def stack() -> str:
    """'embedded' (engines are children of the kernel) or 'compose' (engines are containers)."""
    name = setting("STACK", "embedded")
    if name not in ("embedded", "compose"):
        raise ValueError(f"PATTERNLAB_STACK is {name!r}; it must be 'embedded' or 'compose'. Unset it for embedded.")
    return name


def shared(*parts: str) -> Path:
    """A folder that every worker of the cluster sees: PATTERNLAB_LAKE where it is set, else the state folder."""
    lake = setting("LAKE")
    if not lake:
        return state(*parts)
    folder = Path(lake).joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def size(path) -> int:
    """Bytes of a file, or of all data files in a folder (a table's log and checksum files are left out)."""
    path = Path(path)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()
                                           and not any(part[0] in "._" for part in file.relative_to(path).parts)]
    return sum(file.stat().st_size for file in files)
