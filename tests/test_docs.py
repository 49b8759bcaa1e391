"""The documents keep their word: what they name is there, and their pictures are made from what the kit really shows."""
import re

import pytest
import runs

from patternlab import faults
from patternlab.commands import build

FAULTS = (runs.ROOT / "docs" / "FAULTS.md").read_text("utf-8")


@pytest.mark.parametrize("slug, tag", sorted(set(re.findall(r"`(\d\d-[\w-]+): ([\w-]+)`", FAULTS))))
def test_every_cell_that_the_page_of_faults_names_is_there(slug, tag):
    tags = {tag for cell in build.read(runs.ROOT / "source" / "notebooks" / f"{slug}.py") for tag in cell.tags}
    assert tag in tags


def test_every_fault_of_the_page_has_a_cell():
    rows = [row for row in FAULTS.splitlines() if row.startswith("| ")][1:]
    assert len(rows) > 20 and not [row for row in rows if not re.search(r"`\d\d-[\w-]+: [\w-]+`", row)]


def test_every_fault_of_the_helper_is_on_the_page():
    own = {name: value for name, value in vars(faults).items() if getattr(value, "__module__", "") == faults.__name__}
    made = {name for name, value in own.items() if not name.startswith("_") and not isinstance(value, type)}
    assert made and all(f"{name}(" in FAULTS for name in made), made


def test_the_readme_lists_every_notebook_and_lab():
    readme = (runs.ROOT / "README.md").read_text("utf-8")
    for folder in ("notebooks", "labs"):
        for file in (runs.ROOT / folder).glob("*.ipynb"):
            assert f"({folder}/{file.name})" in readme
