"""One exercise in a learner's notebook: its cells found by tag, copies and halves of them taken out, a lost one put back."""
import ast
import copy
import uuid


def exercise(mine: dict, original: dict, number: int) -> list[str]:
    """Make exercise `number` of the notebook `mine` what it is in `original`, in place; returns what was found odd.

    Cells that carry its tag beside the first one are taken out (a copied or split cell keeps its tags), and so is an
    untagged one before the check that defines the exercise's names: it would win over what the learner writes next.
    """
    cells, tag, check = mine["cells"], f"exercise-{number}", f"check-{number}"
    fresh, found = tagged(original, tag)[0], []
    if not tagged(mine, tag):
        found.append("its cell was gone and is put back")
        _insert(cells, original, fresh)
    cell, *copies = tagged(mine, tag)
    if copies:
        found.append(f"it had {len(copies) + 1} cells, a copy or a half among them: one stays")
        _take(cells, copies)
    cell.update(source=fresh["source"], cell_type="code", outputs=[], execution_count=None)
    if tagged(original, check) and not tagged(mine, check):
        found.append("the cell of its check was gone and is put back")
        _insert(cells, original, tagged(original, check)[0])
    strangers = _rivals(cells, cell, original, _names(fresh), check)
    if strangers:
        names = sorted({name for other in strangers for name in _names(other) & _names(fresh)})
        found.append(f"{len(strangers)} more before its check made {', '.join(names)} too, and would have won: taken out")
        _take(cells, strangers)
    return found


def tagged(notebook: dict, tag: str) -> list[dict]:
    """The cells with this tag, in the notebook's order."""
    return [cell for cell in notebook["cells"] if tag in cell.get("metadata", {}).get("tags", [])]


def _take(cells: list[dict], away: list[dict]) -> None:
    gone = set(map(id, away))
    cells[:] = [cell for cell in cells if id(cell) not in gone]


def _rivals(cells: list[dict], cell: dict, original: dict, names: set[str], check: str) -> list[dict]:
    """Code cells of the learner's own between the exercise and its check that define one of its names."""
    laid = {other.get("id") for other in original["cells"]}
    start = next(place for place, other in enumerate(cells) if other is cell)
    found = []
    for other in cells[start + 1:]:
        tags = other.get("metadata", {}).get("tags", [])
        if check in tags:
            return found
        if other["cell_type"] == "code" and not tags and other.get("id") not in laid and _names(other) & names:
            found.append(other)
    return []                                     # the check stands before its exercise: who knows what is meant


def _names(cell: dict) -> set[str]:
    """The names that a cell defines at its top level; none where it does not parse."""
    try:
        body = ast.parse("".join(cell["source"])).body
    except (SyntaxError, ValueError):
        return set()
    named = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    targets = [target for node in body if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign))
               for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    return named | {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)
                    and isinstance(inner.ctx, ast.Store)}


def _insert(cells: list[dict], original: dict, fresh: dict) -> None:
    """Put a copy of `fresh` behind the nearest cell that stands before it in the original and is still there."""
    order = original["cells"]
    before = order[:next(place for place, cell in enumerate(order) if cell is fresh)]
    place = 0
    for known in reversed(before):
        same = [at for at, cell in enumerate(cells) if _is_same(cell, known)]
        if same:
            place = same[-1] + 1
            break
    new = copy.deepcopy(fresh)
    if any(cell.get("id") == new.get("id") for cell in cells):
        new["id"] = uuid.uuid4().hex[:8]
    cells.insert(place, new)


def _is_same(cell: dict, known: dict) -> bool:
    tags = known.get("metadata", {}).get("tags")
    return cell.get("id") == known.get("id") or bool(tags) and tags == cell.get("metadata", {}).get("tags")
