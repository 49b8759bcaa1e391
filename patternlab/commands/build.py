"""`build`: makes notebooks/ and labs/ from the percent sources, and their pictures from the texts in source/pictures.

A source that breaks a rule is refused with file, line and one sentence, and its built file stays as it was.
"""
import argparse
import ast
import hashlib
import re
from pathlib import Path

from ..engines.place import ROOT
from . import atlas, budget, course, pictures
from .rules import ANATOMY, FOLD, check_lab, check_notebook
from .sources import (LEVEL, MARK, SourceError, blanked, is_deeper, is_lab, is_tour, read, reference, refusal,
                      variants)

__all__ = ["ANATOMY", "FOLD", "LEVEL", "MARK", "SourceError", "blanked", "build", "is_deeper", "is_lab", "is_tour", "main",
           "read", "reference", "targets", "variants"]
TEST_ONLY = re.compile(r"(wrong|nothing|right|raises)-[1-9]")
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
          "language_info": {"name": "python"}}


def main(argv: list | None = None) -> int:
    """Build all sources and pictures, or those named; returns 0 only when all are right and every built file is its own."""
    parser = argparse.ArgumentParser("kit.py build", description="Make notebooks/, their pictures, and labs/ from source/.")
    parser.add_argument("names", nargs="*", help="03-medallion, source/labs/03-medallion.py, ...; without: all")
    parser.add_argument("--check", action="store_true", help="write nothing, say which built files differ")
    parser.add_argument("--budget", action="store_true", help="write nothing, print how each built file reads, in numbers")
    chosen = parser.parse_args(argv)
    check, names = chosen.check, {Path(name).stem for name in chosen.names}
    wanted = {source: target for source, target in targets().items()
              if not names or source.stem in names or is_tour(source.stem)}     # the tour lists all of them
    painted = {text: picture for text, picture in pictures.texts().items() if not names or text.stem in names}
    unknown = names - {source.stem for source in [*wanted, *painted, atlas.DATA]}
    if unknown:
        print(f"There is no source for {', '.join(sorted(unknown))} in source/notebooks, source/labs or source/pictures.")
        return 2
    if chosen.budget:
        return 1 if budget.report([target for source, target in wanted.items()
                                   if target.exists() and (not names or source.stem in names)]) else 0
    wrong = sum(_made(text, picture, check, pictures.render, not pictures.fits(text, picture))
                for text, picture in painted.items())
    wrong += sum(_made(source, target, check, build) for source, target in wanted.items())
    wrong += _made(atlas.DATA, atlas.PICTURE, check, lambda _: atlas.draw())
    wrong += _made(atlas.DATA, atlas.README, check, lambda _: atlas.readme(atlas.README.read_text("utf-8")))
    wrong += sum(_made(course.DATA, page, check, lambda _, page=page: course.page(page)) for page in course.PARTS)
    slugs = [source.stem for source, target in targets().items() if target.parent.name == "notebooks"]
    for sentence in [*atlas.wrong(slugs), *course.wrong()]:
        wrong += 1
        print(sentence)
    made = {*targets().values(), *pictures.texts().values(), atlas.PICTURE}
    for file in [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("labs/*.ipynb")), *pictures.drawn()]:
        if file not in made:
            wrong += 1
            print(f"has no source: {file.relative_to(ROOT)}")
    if check and wrong:
        print("Run python -m patternlab build and commit what it makes.")
    return 1 if wrong else 0


def _made(source, target, check, make, differs=None) -> bool:
    """Write what `make` makes of a source; True where that source is wrong, or (with `check`) where its built file differs.

    `differs` is told where it is known without making anything.
    """
    try:
        if differs is None or differs and not check:
            text = make(source)
            differs = not target.exists() or target.read_text("utf-8") != text
    except (SourceError, pictures.PictureError) as error:
        print(error)
        return True
    if differs:
        print(f"{'differs from its source' if check else 'built'}: {target.relative_to(ROOT)}")
        if not check:
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(text.encode())
    return differs and check


def targets() -> dict:
    """{source: built file} for every source of the kit, in order."""
    return {source: ROOT / folder / f"{source.stem}.ipynb" for folder in ("notebooks", "labs")
            for source in sorted((ROOT / "source" / folder).glob("[0-9][0-9]-*.py"))}


def build(source: Path) -> str:
    """The text of the notebook or lab that `source` makes: deterministic, without outputs. Raises SourceError."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    cells = read(source)
    lab = is_lab(source)
    (check_lab if lab else check_notebook)(source, cells)
    made, used = [], set()
    for cell in cells:
        if any(TEST_ONLY.fullmatch(tag) for tag in cell.tags):
            continue
        text = cell.text
        if lab and any(tag.startswith("exercise-") for tag in cell.tags):
            text = blanked(text)
            try:
                ast.parse(text)
            except SyntaxError as error:
                shown = text.splitlines()[(error.lineno or 1) - 1].strip()
                raise refusal(source, cell.line, f"the learner's cell does not parse near {shown!r}: "
                             "mark whole statements with # SOLUTION.") from None
        if cell.kind == "markdown":
            text = text.replace(atlas.PLACE, atlas.listed("notebooks")).replace(atlas.WHERE, atlas.wants())
        make = new_code_cell if cell.kind == "code" else new_markdown_cell
        metadata = {"tags": list(cell.tags)} if cell.tags else {}
        if FOLD in cell.tags:
            metadata["jupyter"] = {"source_hidden": True}
        made.append(make(text, id=_cell_id(source.stem, cell, used), metadata=metadata))
    notebook = new_notebook(cells=made, metadata=KERNEL)
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def _cell_id(slug, cell, used):
    """A tagged cell's id is its tag, others have a hash of their text; a number follows where that is taken."""
    named = [tag for tag in cell.tags if tag not in ("raises-exception", FOLD)]
    begin = named[0] if named else hashlib.sha1(f"{slug}\n{cell.kind}\n{cell.text}".encode()).hexdigest()[:12]
    found, number = begin[:60], 1
    while found in used:
        number += 1
        found = f"{begin[:60]}-{number}"
    used.add(found)
    return found
