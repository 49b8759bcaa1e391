"""`kit.py site`: the pages of notebooks that ran in real kernels, in a small site; `complaints` sees what is wrong with one.

The whole site is made and looked over at the end of each whole run of the tests (patternlab/commands/tests.py).
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
import runs
from kits import cold, home, kit, sentence  # noqa: F401  (fixtures too)

from patternlab.commands import atlas, executed, pages, site, tests

SMALL = [  # of notebook 02-elt: what a reader of its page meets; a text is prose, (code, tag, ...) is code
    "# 02 ELT: a small one?\n\n![two arrows from one box to another](pictures/map.svg)\n\nBack to [the first](01-etl.ipynb), "
    "on to [its lab](../labs/01-etl.ipynb#Lab-99:-The-template), or [a source](https://example.org/paper.ipynb).",
    ("# plumbing that nobody reads\nimport matplotlib.pyplot as plt\nfrom patternlab.engines.place import state\n"
     "print('one', 40 + 2)", "fold", "setup"),
    ("figure, axes = plt.subplots(figsize=(3, 2)); axes.plot([1, 2]); plt.show()", "figure-small"),
    ("{'kept in': str(state('lake')), 'as delta-rs says it': str(state('lake'))[1:]}", "look-place"),
    ("raise KeyError('torn')", "raises-exception", "break-torn"),
    "<details><summary>Why?</summary>\n\nBecause **it** says so.\n\n</details>"]


def small(cells=SMALL):
    """A notebook of cells like those of SMALL."""
    made = []
    for cell in cells:
        if isinstance(cell, str):
            made.append(nbformat.v4.new_markdown_cell(cell))
        else:
            folded = {"jupyter": {"source_hidden": True}} if "fold" in cell else {}
            made.append(nbformat.v4.new_code_cell(cell[0], id=cell[-1], metadata={"tags": list(cell[1:]), **folded}))
    return nbformat.v4.new_notebook(cells=made, metadata=runs.build.KERNEL)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """(notebooks, labs, folder of their runs): the template as 01, a small notebook as 02, the template lab; two real runs."""
    root = tmp_path_factory.mktemp("checkout")
    for folder in ("notebooks", "labs", "runs"):
        (root / folder).mkdir()
    shutil.copytree(runs.ROOT / "notebooks/pictures", root / "notebooks/pictures")
    shutil.copy(runs.ROOT / "source/pictures/template-notebook.svg", root / "notebooks/pictures")
    lessons = [root / "notebooks/01-etl.ipynb", root / "notebooks/02-elt.ipynb"]
    lab = root / "labs/01-etl.ipynb"
    for file, notebook in zip([*lessons, lab], [runs.load("template-notebook"), small(), runs.load("template-lab", "labs")]):
        nbformat.write(notebook, file)
    for file in lessons:
        notebook = nbformat.read(file, 4)
        executed.keep(notebook, file.stem, executed.run(notebook, file.stem), file, root / "runs")
    return lessons, [lab], root / "runs"


@pytest.fixture(scope="module")
def whole(shipped, tmp_path_factory):
    """(folder of the small site, its pages by name)."""
    folder = tmp_path_factory.mktemp("site")
    lessons, labs, kept = shipped
    assert site.make(folder, lessons, labs, kept) == 0, "nothing is wrong with it"
    return folder, {str(file.relative_to(folder)): file.read_text("utf-8") for file in folder.rglob("*.html")}


NAMES = ["notebooks/01-etl", "notebooks/02-elt", "labs/01-etl"]


# --- the pages

def test_the_pages_show_what_ran_and_hold_their_pictures(whole):
    _, found = whole
    assert sorted(found) == sorted(["index.html", *(f"{name}.html" for name in NAMES)])
    first, second = found["notebooks/01-etl.html"], found["notebooks/02-elt.html"]
    assert re.search(r"proved: .*\d", first) and first.count('src="data:image/svg+xml') == 1 and "data:image/png" in first
    assert "one 42" in second and "data:image/png" in second and "torn" in second
    assert "<title>02 ELT: a small one?</title>" in second
    assert re.search(r"<details><summary>Why\?</summary>\s*<p>Because <strong>it</strong> says so.</p>\s*</details>", second)
    assert not any("<script" in text for text in found.values())


def test_links_lead_from_page_to_page_and_those_to_sources_stay(whole):
    _, found = whole
    links = site._Page(found["notebooks/02-elt.html"]).links
    assert {"01-etl.html", "../labs/01-etl.html#Lab-99:-The-template", "https://example.org/paper.ipynb"} <= set(links)
    bar = re.search(r'<nav class="bar">(.*?)</nav>', found["notebooks/01-etl.html"], re.S)[1]
    assert re.findall(r'href="([^"]+)">(\w+)', bar) == [("../index.html", "index"), ("../labs/01-etl.html", "lab"),
                                                        ("02-elt.html", "next")]


def test_folded_code_is_hidden_and_there_and_its_output_is_seen(whole):
    page = whole[1]["notebooks/02-elt.html"]
    folded = re.search(r'<details class="folded"><summary><code>(.*?)</code></summary>(.*?)</details>(.*?)<div class="jp-Cell ',
                       page, re.S)
    assert folded[1] == "# plumbing that nobody reads"
    assert "matplotlib.pyplot" in folded[2] and "one 42" in folded[3] and page.count("one 42") == 1
    assert page.count('class="folded"') == 1


def test_a_lab_is_as_shipped(whole):
    page = whole[1]["labs/01-etl.html"]
    assert "..." in page and "SOLUTION" not in page and "You grouped by arrival" not in page
    assert not any(site._Page(page).cells)


def test_no_folder_of_this_machine_stands_in_a_page(whole, shipped, capsys):
    page = whole[1]["notebooks/02-elt.html"]
    assert page.count(".patternlab/lake") == 2 and not pages.of_this_machine(page.replace("data:", ""))
    lessons, labs, kept = shipped
    assert str(executed.state()) in (kept / "02-elt.ipynb").read_text("utf-8"), "it stood in the run"
    site.write(whole[0], {file: executed.kept(file, kept) for file in lessons}, labs)
    assert f"02-elt: {executed.state()}, {str(executed.state())[1:]} stood in its outputs" in capsys.readouterr().out


def test_the_index_lists_every_pattern_and_links_what_is_there(whole):
    index = whole[1]["index.html"]
    for one in atlas.load()["patterns"]:
        slug = f"{one['number']}-{one['slug']}"
        assert index.count(f"{one['number']} {one['name']}") == 1 and one["question"] in index
        assert index.count(f'href="notebooks/{slug}.html"') == 2 * (f"notebooks/{slug}" in NAMES), "in the map and in the list"
    assert "python3 kit.py start" in index and "Apache" in index


# --- what is wrong with a site

WRONG = [  # a page, what is put for what in it, what is said
    ("labs/01-etl.html", None, "", "labs/01-etl.html is missing"),
    ("index.html", None, "", "index.html is missing"),
    ("notebooks/02-elt.html", "</main>", "<script src='https://cdn.example/x.js'></script>", "runs a script"),
    ("notebooks/02-elt.html", "</main>", "<img src='https://cdn.example/x.png'>", "loads https://cdn.example/x.png"),
    ("notebooks/02-elt.html", "</main>", "<link rel='stylesheet' href='//cdn.example/x.css'>", "loads //cdn.example/x.css"),
    ("notebooks/02-elt.html", "</main>", "<p style='background: url(https://cdn.example/x.png)'>", "loads https://cdn.example"),
    ("notebooks/02-elt.html", "</main>", "<style>@import 'https://cdn.example/x.css';</style>", "loads https://cdn.example"),
    ("notebooks/02-elt.html", "</main>", "<img src='pictures/map.svg'>", "loads pictures/map.svg"),
    ("notebooks/02-elt.html", 'href="01-etl.html', 'href="03-etl.html', "its link 03-etl.html leads nowhere"),
    ("notebooks/02-elt.html", "#Lab-99:-The-template", "#Lab-98", "no such place"),
    ("notebooks/02-elt.html", "</main>", '<div class="jp-Cell jp-CodeCell jp-mod-noOutputs">', "of a lesson all do"),
    ("labs/01-etl.html", "jp-mod-noOutputs", "", "of a lab none do"),
    ("notebooks/01-etl.html", "</main>", "<p>" + "x" * 2_000_000, "at most 2,000,000"),
    ("notebooks/01-etl.html", "</main>", f"<p>{runs.ROOT}/patternlab/flights.py", f"names {runs.ROOT}"),
    ("index.html", "17 Choosing", "17", "does not list 17 Choosing"),
    ("index.html", "labs/01-etl.html", "notebooks/01-etl.html", "does not link labs/01-etl.html")]


@pytest.mark.parametrize("name, old, new, said", WRONG, ids=[f"{n}-{entry[3][:24]}" for n, entry in enumerate(WRONG)])
def test_what_is_wrong_with_a_page_is_said(whole, tmp_path, name, old, new, said):
    folder = tmp_path / "site"
    shutil.copytree(whole[0], folder)
    assert not site.complaints(folder, NAMES)
    if old is None:
        (folder / name).unlink()
    else:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new), "utf-8")
    found = site.complaints(folder, NAMES)
    assert any(said in sentence for sentence in found), found


def test_without_names_every_notebook_and_lab_of_the_kit_must_be_there(whole):
    found = site.complaints(whole[0])
    for file in (*runs.ROOT.glob("notebooks/*.ipynb"), *runs.ROOT.glob("labs/*.ipynb")):
        name = f"{file.parent.name}/{file.stem}"
        assert (f"{name}.html is missing." in found) == (name not in NAMES), name


# --- the folder

def test_a_folder_of_somebody_is_refused_and_stays_as_it_was(home, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "index.html").write_text("my page")
    sentence(kit(home, "site", mine), "a folder with other files", "Name a new or an empty folder")
    sentence(kit(home, "site", mine / "index.html"), "is a file", "Name a new or an empty folder")
    assert [file.read_text() for file in mine.iterdir()] == ["my page"]


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "to nowhere").symlink_to(tmp_path / "nowhere")
    for place, said in (("file/site", "file is no folder"), ("file/a/b", "file is no folder"), ("to nowhere", "is a file"),
                        ("to nowhere/site", "to nowhere is no folder")):
        with pytest.raises(site.SiteError, match=f"{said}.* Name "):
            site.main([str(tmp_path / place)])
    monkeypatch.setattr(site.os, "access", lambda place, _: place != tmp_path)     # root may write anywhere
    with pytest.raises(site.SiteError, match=r"can't be written: .* is not yours to write in\. Name another place"):
        site.ours(tmp_path / "new" / "site")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file", "to nowhere"]


@pytest.mark.parametrize("listed", ["{", "[1, 2]", "7", '{"a": 1}', '["../mine.html"]', '["notebooks/../../mine.html"]', "\xff"])
def test_a_list_of_pages_that_is_not_ours_deletes_nothing(shipped, tmp_path, listed):
    lessons, labs, kept = shipped
    (tmp_path / "mine.html").write_text("mine")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / site.MARK).write_bytes(listed.encode("latin-1"))
    with pytest.raises(site.SiteError, match="does not list pages of a site, so nothing is written or deleted"):
        site.make(folder, lessons, labs, kept)
    assert (tmp_path / "mine.html").read_text() == "mine" and len(list(folder.iterdir())) == 1


def test_an_earlier_site_is_renewed_and_what_is_not_ours_stays(shipped, tmp_path):
    lessons, labs, kept = shipped
    folder = tmp_path / "not there yet" / "site"
    assert site.make(folder, lessons, labs, kept) == 0
    (folder / "notebooks/notes.txt").write_text("mine")
    (folder / "labs/01-etl.html").write_text("old")
    assert site.make(folder, lessons, labs, kept) == 0 and (folder / "labs/01-etl.html").stat().st_size > 1000
    assert site.make(folder, lessons[:1], [], kept) == 0, "a smaller site"
    there = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert there == {"index.html", "notebooks/01-etl.html", "notebooks/notes.txt", site.MARK}
    (folder / "notebooks/02-elt.html").write_text("mine too")
    with pytest.raises(site.SiteError, match="02-elt.html is in the way"):
        site.make(folder, lessons, labs, kept)
    assert (folder / "notebooks/02-elt.html").read_text() == "mine too"


# --- the runs

def test_a_run_is_true_until_its_notebook_or_what_it_imports_changes(shipped, tmp_path, monkeypatch):
    lessons, labs, kept = shipped
    mine = tmp_path / "01-etl.ipynb"
    mine.write_bytes(lessons[0].read_bytes())
    assert executed.kept(mine, kept) is not None
    mine.write_bytes(lessons[0].read_bytes().replace(b"toy", b"tiny"))
    assert executed.kept(mine, kept) is None
    with pytest.raises(site.SiteError, match="no run of 01-etl, or one from before a change"):
        site.make(tmp_path / "site", [mine, *lessons[1:]], labs, kept)
    assert not (tmp_path / "site").exists()

    for file in ("patternlab/flights.py", "patternlab/commands/build.py", "requirements.lock"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("before")
    monkeypatch.setattr(executed, "ROOT", tmp_path)

    def stamp(changed):
        (tmp_path / changed).write_text("after")
        executed._used.cache_clear()
        return executed.stamp(mine)
    try:
        stamps = [stamp(file) for file in ("patternlab/commands/build.py", "patternlab/flights.py", "requirements.lock")]
        (tmp_path / "patternlab/commands/build.py").write_text("later")
        assert len(set(stamps)) == 3 and stamp("patternlab/commands/build.py") == stamps[-1], "no notebook shows a verb"
    finally:
        executed._used.cache_clear()


def test_a_run_that_is_broken_is_none(shipped, tmp_path):
    lessons, _, kept = shipped
    (tmp_path / "01-etl.ipynb").write_text((kept / "01-etl.ipynb").read_text("utf-8")[:5000], "utf-8")
    assert executed.kept(lessons[0], tmp_path) is None and executed.kept(lessons[1], tmp_path) is None


def test_a_cell_that_fails_is_named_with_its_notebook():
    failing = small([("print('fine')", "fine"), ("raise ValueError('no such gate')", "look-gate"), ("print('never')", "never")])
    with pytest.raises(RuntimeError, match=r"03-small did not .*its cell `look-gate` failed \(ValueError: no such gate\)"):
        executed.run(failing, "03-small")


LEFT = """
import sys, nbformat
from patternlab.commands import executed
cells = [nbformat.v4.new_code_cell(f"print('cell', {n}); import time; time.sleep(60)") for n in range(2)]
print("now", flush=True)
try:
    executed.run(nbformat.v4.new_notebook(cells=cells), "01-small")
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("number, after", [(signal.SIGINT, 4), (signal.SIGINT, 0.5), (signal.SIGTERM, 4)])
def test_a_run_that_is_interrupted_ends_with_its_kernel_and_no_traceback(number, after, tmp_path):
    """In the middle of a cell, and while the kernel starts."""
    given = {**os.environ, "PYTHONPATH": str(runs.ROOT), "TMPDIR": str(tmp_path)}
    program = subprocess.Popen([sys.executable, "-c", LEFT], env=given, text=True, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert program.stdout.readline() == "now\n"
    time.sleep(after)
    program.send_signal(number)
    said, _ = program.communicate(timeout=45)
    assert (program.returncode, said) == (130, "")
    assert not list(tmp_path.glob("patternlab run *")), "its folder is gone"
    commands = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if str(tmp_path) in command], "and its kernel"


def test_the_verb_makes_the_runs_that_are_missing_and_the_tests_make_the_site_of_theirs(shipped, tmp_path, monkeypatch, capfd):
    """In a state folder of its own: the whole kit's runs are in the real one."""
    lessons, labs, kept = shipped
    monkeypatch.setenv("PATTERNLAB_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(site, "shipped", lambda: (lessons, labs))
    monkeypatch.setattr(site, "_ready", lambda: None)            # these two start no engine, and there are no jars in that folder
    assert tests._site() == 1 and "no run of 01-etl, 02-elt" in capfd.readouterr().err
    shutil.copy(kept / "01-etl.ipynb", executed.state("runs"))
    assert site.main([str(tmp_path / "pages")]) == 0
    said = capfd.readouterr().out
    assert re.search(r"^1 of 2 notebooks .*^02-elt: \d+ s$.*^4 pages, \d\.\d MB, in \d+ s: .*index.html$", said, re.M | re.S)
    assert "01-etl: " not in said
    assert tests._site() == 0 and f"{executed.state('site') / 'index.html'}" in capfd.readouterr().out
    executed.forget()
    assert tests._site() == 1


def test_runs_of_a_folder_that_has_none_are_a_sentence(home, tmp_path):
    (home / "source/pictures").mkdir(parents=True)
    shutil.copy(atlas.DATA, home / "source/pictures")
    said = sentence(kit(home, "site", tmp_path / "site", "--runs", tmp_path), f"{tmp_path} has no run of 00-start-here, 03-me")
    assert "without --runs" in said and not (tmp_path / "site").exists()
