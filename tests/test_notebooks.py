"""Every notebook in a real kernel, from the top: its proofs hold, its breaks break, it says nothing on stderr.

Twice, in one kernel: cold on its own slice, then on one that no number was written for (runs.py). What is special in one
notebook is asserted in tests/notebooks/test_NN_slug.py.
"""
import pytest
import runs


@pytest.mark.parametrize("slice", runs.SLICES)
@pytest.mark.parametrize("slug", runs.notebooks())
def test_proofs_hold(slug, slice):
    cells = runs.executed(slug, slice).nb.cells
    assert runs.tagged(cells, "prove-"), "a notebook proves something"
    assert not runs.proofs(cells)


@pytest.mark.parametrize("slice", runs.SLICES)
@pytest.mark.parametrize("slug", runs.notebooks())
def test_breaks_break(slug, slice):
    cells = runs.executed(slug, slice).nb.cells
    assert runs.tagged(cells, "break-") or runs.build.is_tour(slug), "a pattern's notebook breaks something"
    assert not runs.breaks(cells)


@pytest.mark.parametrize("slice", runs.SLICES)
@pytest.mark.parametrize("slug", runs.notebooks())
def test_every_cell_shows_something_and_nothing_is_noise(slug, slice):
    assert not runs.noise(runs.executed(slug, slice).nb.cells)


@pytest.mark.parametrize("slug, slice", [(slug, "other") for slug in runs.notebooks()])
def test_the_second_run_in_the_kernel_makes_the_same_claims_about_other_data(slug, slice):
    """What the first run left changes no claim and no proof; and the numbers are those of the other slice."""
    cells = runs.executed(slug, slice).cells
    first, second = cells["own"], cells["other"]
    assert runs.claims(first) == runs.claims(second), "a second run claims the same, in the same order"
    assert all(said for _, said in runs.claims(first)), "a cell of proofs claimed nothing"
    printed = [[runs.text(cell) for cell in runs.tagged(run, "prove-")] for run in (first, second)]
    assert printed[0] != printed[1], "no proof printed another number: the second run did not work on the other slice"
