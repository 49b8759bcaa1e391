"""Every notebook, from the top, in a real kernel: its proofs hold, its breaks break, it says nothing on stderr.

On its own slice and on one that no number was written for. What is special in one notebook is asserted in
tests/notebooks/test_NN_slug.py.
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


@pytest.mark.parametrize("slug, slice", [(slug, runs.small(slug)) for slug in runs.notebooks()])
def test_a_second_run_in_the_same_kernel_proves_the_same(slug, slice):
    first, second = runs.run_again(slug, slice)
    assert not runs.proofs(second) and not runs.breaks(second) and not runs.noise(second)
    both = [(runs.text(before), runs.text(after))
            for before, after in zip(runs.tagged(first, "prove-"), runs.tagged(second, "prove-"))]
    changed = [pair for pair in both if pair[0] != pair[1]]
    assert not changed, "the second run printed other proofs:\n" + "\n--- then\n".join(map("\n--- first\n".join, changed))
