"""Style gates for every notebook, every lab, the helper and the texts. They hold for later notebooks unedited.

A rule that does not apply says why by what the thing is (a tour has no anatomy), never by a list of exceptions.
"""
import ast
import json
import os
import re
import statistics
import subprocess
from urllib.parse import unquote

import pytest
import runs
from runs import ROOT, build

from patternlab.commands import atlas, budget, pictures
from patternlab.commands.budget import prose, words

BANNED_NAMES = re.compile(r"df\d*|tmp\d*|foo|bar|baz")
BANNED_WORDS = re.compile(r"\b(simply|seamless\w*|blazing\w*|effortless\w*|cutting-edge|leverag\w+|powerful)\b", re.I)
EMOJI = re.compile("[\U0001F000-\U0001FAFF\u2600-\u27BF\u2B50\uFE0F]")
SILENT = {"stop", "append", "extend", "add", "sort", "update", "awaitTermination", "unpersist", "mkdir", "close",
          "save", "flush", "insert", "clear", "remove"}  # methods that return nothing to look at

NOTEBOOKS, LABS = runs.notebooks(), runs.labs()
WITHOUT_KAFKA = ["14-data-fabric"]
PATTERNS = [slug for slug in NOTEBOOKS if not build.is_tour(slug) and not build.is_deeper(slug)]
DEEPER = [slug for slug in NOTEBOOKS if build.is_deeper(slug)]
BOTH = [pytest.param(folder, slug, id=f"{folder}-{slug}")
        for folder, slugs in (("notebooks", NOTEBOOKS), ("labs", LABS)) for slug in slugs]


def sections(slug) -> dict:
    """{heading, "" for the title: its cells} of a notebook, in order."""
    found, name = {"": []}, ""
    for cell in runs.load(slug).cells:
        heading = re.search(r"^## +(.+?) *$", cell.source, re.M) if cell.cell_type == "markdown" else None
        name = heading.group(1) if heading else name
        found.setdefault(name, []).append(cell)
    return found


def code_cells(folder, slug) -> list:
    return [cell for cell in runs.load(slug, folder).cells if cell.cell_type == "code"]


def tree(cell):
    """The syntax tree of a cell; magics are not used in this kit, so each cell parses."""
    return ast.parse(cell.source)


# --- anatomy and budgets

@pytest.mark.parametrize("slug", PATTERNS)
def test_sections_are_complete_and_in_order(slug):
    assert list(sections(slug)) == ["", *build.ANATOMY]


@pytest.mark.parametrize("folder, slug", BOTH)
def test_the_budgets_are_kept(folder, slug):
    """Tokens, widths, code for prose, folded cells; of a lesson the number of cells too, in all and by section."""
    found = budget.measure(slug, runs.load(slug, folder).cells)
    assert not budget.too_much(found, budget.is_lesson(folder, slug)), "python3 kit.py build --budget prints the table"


@pytest.mark.parametrize("folder, slug", BOTH)
def test_a_statement_holds_one_thought_and_imports_stand_in_the_set_up(folder, slug):
    assert not budget.packed_cells(runs.load(slug, folder).cells)


@pytest.mark.parametrize("slug", PATTERNS)
def test_every_section_says_something(slug):
    mute = [name for name, cells in sections(slug).items() if not any(cell.cell_type == "markdown" for cell in cells)]
    assert not mute


def home(slug, folder="notebooks"):
    """Where a notebook lies; a template, which is never built into a file, lies beside its source."""
    return ROOT / ("source" if slug.startswith("template-") else folder)


@pytest.mark.parametrize("slug", [slug for slug in NOTEBOOKS if not build.is_deeper(slug)])
def test_title_picture_and_set_up(slug):
    cells = runs.load(slug).cells
    assert re.match(r"# \d\d \w", cells[0].source), "the title is `# 03 Medallion: the question`"
    shown = re.findall(r"!\[([^]]*)\]\(([^)\s]+)\)", cells[0].source)
    assert len(shown) == 1, "one picture opens the notebook: ![what it shows, in a sentence](pictures/NN-slug.svg)"
    said, link = shown[0]
    assert link == f"pictures/{'map' if build.is_tour(slug) else slug}.svg" and (home(slug) / link).exists(), link
    assert words(said) >= 5, "who can't see the picture reads its sentence"
    if not build.is_tour(slug):
        assert "?" in prose(cells[0].source), "the title cell asks the one question"
        setup = [cell for cell in sections(slug)["Set up"] if cell.cell_type == "code"][0]
        assert len([line for line in setup.source.splitlines() if line.strip()]) <= 6
        assert words(re.sub(r"[|*#-]", " ", sections(slug)["In one minute"][0].source)) <= 90


@pytest.mark.parametrize("folder, slug", BOTH)
def test_pictures_are_made_of_text(folder, slug):
    text = "\n".join(cell.source for cell in runs.load(slug, folder).cells if cell.cell_type == "markdown")
    assert "```mermaid" not in text, "GitHub and VS Code differ on mermaid, and HTML has none: source/pictures has the texts"
    assert not re.search(r"!\[[^]]*\]\([^)]*\.(png|jpe?g|gif)\)", text), "no screenshots"


@pytest.mark.parametrize("slug", PATTERNS)
def test_build_it_has_three_to_five_named_steps(slug):
    steps = re.findall(r"^### Step (\d+): \S", "\n".join(cell.source for cell in sections(slug)["Build it"]), re.M)
    assert 3 <= len(steps) <= 5 and steps == [str(n) for n in range(1, len(steps) + 1)]


@pytest.mark.parametrize("slug", NOTEBOOKS)
def test_every_heading_inside_build_it_is_a_step(slug):
    for cell in sections(slug).get("Build it", []):
        if cell.cell_type == "markdown":
            inside = re.findall(r"^###+ +(.+)$", cell.source, re.M)
            assert all(re.match(r"Step \d: ", heading) for heading in inside), inside


@pytest.mark.parametrize("slug", PATTERNS)
def test_prove_it_holds_only_proofs(slug):
    for cell in sections(slug)["Prove it"]:
        if cell.cell_type == "code":
            assert any(tag.startswith("prove-") for tag in cell.metadata.get("tags", [])), f"untagged: {cell.source}"
            called = {getattr(getattr(node, "func", None), "id", "") for node in ast.walk(tree(cell))}
            assert "prove" in called, f"no prove(...) line: {cell.source}"
            assert "print" not in called, f"prints beside its proofs, and a second run may print something else: {cell.source}"


@pytest.mark.parametrize("slug", PATTERNS)
def test_predict_break_and_figure_are_tagged(slug):
    parts = sections(slug)
    tags = {name: [tag for cell in cells for tag in cell.metadata.get("tags", [])] for name, cells in parts.items()}
    assert "predict" in tags["Predict"]
    assert re.search(r"^guess\b.*=", "\n".join(c.source for c in parts["Predict"] if c.cell_type == "code"), re.M)
    assert any(tag.startswith("break-") for tag in tags["Break it"])
    assert any(tag.startswith("figure-") for tag in tags["See it"])


@pytest.mark.parametrize("slug", PATTERNS)
def test_check_yourself_and_go_on(slug):
    questions = "\n".join(cell.source for cell in sections(slug)["Check yourself"])
    assert questions.count("<details>") == questions.count("</details>") == 5, "five questions, answers folded"
    assert prose(questions).count("?") >= 5
    last = "\n".join(cell.source for cell in sections(slug)["Go on"])
    sources = re.findall(r"\]\((https?://[^)]+)\)", last)
    assert 3 <= len(sources) <= 6, f"{len(sources)} sources, three to six are the rule"
    for there, link in ((slug in LABS, f"../labs/{slug}.ipynb"), (f"{slug}-deeper" in DEEPER, f"{slug}-deeper.ipynb")):
        assert not there or link in links(last), f"Go on links {link}"
    table = "\n".join(cell.source for cell in sections(slug)["When not, and the neighbours"])
    assert "|" in table, "the neighbours stand in a table"


def test_a_deeper_notebook_opens_with_its_question_and_its_lesson():
    for slug in DEEPER:
        cells, lesson = runs.load(slug).cells, slug.removesuffix("-deeper")
        assert re.match(rf"# {slug[:2]} \w.*, deeper: .*\?", cells[0].source) and lesson in PATTERNS, slug
        assert f"{lesson}.ipynb" in links("".join(cell.source for cell in cells[:2])), f"{slug} names no lesson"


# --- code

@pytest.mark.parametrize("slug", NOTEBOOKS)
def test_never_more_than_two_code_cells_in_a_row(slug):
    row = 0
    for cell in runs.load(slug).cells:
        row = row + 1 if cell.cell_type == "code" else 0
        assert row <= 2, f"a third code cell without prose: {cell.source[:80]!r}"


@pytest.mark.parametrize("slug", NOTEBOOKS)
def test_every_code_cell_ends_in_something_visible(slug):
    """What the text can tell; that each cell shows something when it runs is asserted in test_notebooks.py."""
    hidden = [cell.source for cell in code_cells("notebooks", slug)
              if not visible(tree(cell).body[-1]) and "raises-exception" not in cell.metadata.get("tags", [])]
    assert not hidden, "ends in nothing to look at:\n" + "\n---\n".join(hidden)


def visible(statement) -> bool:
    if isinstance(statement, ast.Expr):
        value = statement.value
        name = value.func.attr if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) else ""
        text = isinstance(value, ast.Constant) and isinstance(value.value, (str, type(...)))
        return not text and name not in SILENT
    if isinstance(statement, ast.With):
        return visible(statement.body[-1]) or "measure" in ast.unparse(statement.items[0].context_expr)
    if isinstance(statement, (ast.For, ast.While, ast.If, ast.Try)):
        return any(isinstance(node, ast.Expr) and visible(node) for node in ast.walk(statement))
    return False


@pytest.mark.parametrize("folder, slug", BOTH)
def test_names_come_from_the_domain(folder, slug):
    found = {node.id if isinstance(node, ast.Name) else node.arg for cell in code_cells(folder, slug)
             for node in ast.walk(tree(cell)) if isinstance(node, ast.arg)
             or isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    assert not [name for name in found if BANNED_NAMES.fullmatch(name)]


@pytest.mark.parametrize("slug", PATTERNS)
def test_the_notebook_holds_its_patterns_own_calls(slug):
    calls = build.read(runs.source(slug, "notebooks"))[0].extra["signature"]
    code = "\n".join(cell.source for cell in code_cells("notebooks", slug))
    assert len(calls) >= 2 and not [call for call in calls if call not in code], "declared, but not in the code"


@pytest.mark.parametrize("slug", [slug for slug in NOTEBOOKS if slug[:2].isdigit()])
def test_spark_kafka_and_delta_are_used_for_real(slug):
    """Who starts instances of functions has no process that runs all day, so no Spark either, and says so at its set-up. There is
    no Kafka where the pattern is about tables that are there already, and what is known of them (WITHOUT_KAFKA)."""
    code = "\n".join(cell.source for cell in code_cells("notebooks", slug))
    without = "instance(" in code
    wanted = ["delta", *(["kafka,"] if without else ["spark_session("] + ["kafka()"] * (slug not in WITHOUT_KAFKA))]
    for part in wanted:
        assert part in code.lower(), f"no {part} in the code"
    if without:
        assert "spark_session(" not in code and "no Spark" in prose(sections(slug)["Set up"][0].source), "why there is no Spark"


# --- prose

@pytest.mark.parametrize("folder, slug", BOTH)
def test_prose_is_short_and_plain(folder, slug):
    cells = [cell for cell in runs.load(slug, folder).cells if cell.cell_type == "markdown"]
    sizes = [words(prose(cell.source)) for cell in cells]
    longest = cells[sizes.index(max(sizes))].source
    most = 120 if folder == "notebooks" else 180
    assert max(sizes) <= most, f"{max(sizes)} words in one cell, at most {most}: {longest[:80]!r}"
    if folder == "notebooks":  # an exercise needs its input, goal and example together
        assert statistics.median(sizes) <= 45, f"median {statistics.median(sizes)} words; about 35 is the aim"
    text = "\n".join(cell.source for cell in cells)
    assert not BANNED_WORDS.findall(text) and not EMOJI.findall(text)


@pytest.mark.parametrize("slug", PATTERNS)
def test_a_step_says_why_in_sixty_words(slug):
    for cell in sections(slug)["Build it"]:
        if cell.cell_type == "markdown" and cell.source.startswith("### Step"):
            assert words(prose(cell.source)) <= 70, cell.source[:80]  # sixty and the heading


# --- labs

@pytest.mark.parametrize("slug", LABS)
def test_every_wrong_answer_names_the_clause_it_breaks_and_every_example_is_tried_alone(slug):
    cells = build.read(runs.source(slug, "labs"))
    tags = {tag for cell in cells for tag in cell.tags}
    silent = [cell.line for cell in cells if any(tag.startswith("wrong-") for tag in cell.tags) and not cell.extra.get("breaks")]
    assert not silent, f"no breaks=\"...\" with words of the exercise's text, at lines {silent}"
    numbers = {tag[9:] for tag in tags if tag.startswith("exercise-")}
    assert not (lacking := {n for n in numbers if f"nothing-{n}" not in tags}), f"no cell nothing-n for exercises {lacking}"


@pytest.mark.parametrize("slug", LABS)
def test_a_lab_has_a_ramp_of_exercises(slug):
    text = "\n".join(cell.source for cell in runs.load(slug, "labs").cells if cell.cell_type == "markdown")
    levels = build.LEVEL.findall(text)
    ranks = [("fill in", "modify", "design").index(level) for level, _ in levels]
    assert ranks == sorted(ranks) and ranks[0] == 0, f"levels go from fill in to design: {levels}"
    assert all(least <= int(minutes) <= most for (level, minutes), (least, most) in
               zip(levels, [((5, 15), (10, 25), (25, 45))[rank] for rank in ranks])), levels
    if slug[:2].isdigit():
        assert 3 <= len(levels) <= 5 and ranks[-1] == 2, "three to five exercises, the last one a design"


@pytest.mark.parametrize("slug", LABS)
def test_a_lab_agrees_with_its_checks(slug):
    import importlib
    module = importlib.import_module(f"patternlab.patterns.{runs.room(slug)}.lab")
    text = "\n".join(cell.source for cell in runs.load(slug, "labs").cells if cell.cell_type == "markdown")
    titles = {int(n): title.strip() for n, title in re.findall(r"^## Exercise (\d+): (.+)$", text, re.M)}
    assert {n: exercise.title for n, exercise in module.EXERCISES.items()} == titles
    levels = dict(zip(titles, build.LEVEL.findall(text)))
    for n, exercise in module.EXERCISES.items():
        assert len(exercise.hints) == 2 and len(exercise.why.split()) >= 8, f"exercise {n}: two hints, and a why"
        assert exercise.minutes == int(levels[n][1]), f"exercise {n}: minutes differ from its level line"
        assert exercise.starred == (levels[n][0] == "design"), f"exercise {n}: design exercises are starred"
    assert f'Lab("{slug}")' in "\n".join(cell.source for cell in code_cells("labs", slug))


# --- built files

@pytest.mark.parametrize("target, source", [pytest.param(target, source, id=target.name + "-" + target.parent.name)
                                            for source, target in build.targets().items()])
def test_built_files_equal_their_sources(target, source):
    assert target.exists() and target.read_text("utf-8") == build.build(source), \
        f"run python -m patternlab build {source.stem} and commit what it makes"


def test_nothing_is_built_without_a_source():
    built = {*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("labs/*.ipynb")}
    assert built == set(build.targets().values())
    assert set(pictures.drawn()) == {*pictures.texts().values(), atlas.PICTURE}, "every picture has its text"


@pytest.mark.parametrize("text", pictures.texts(), ids=lambda text: text.stem)
def test_a_picture_is_that_of_its_text(text):
    """By checksums: Graphviz draws for the maintainer, and is not needed here."""
    picture = pictures.texts()[text]
    assert pictures.fits(text, picture), f"run python -m patternlab build {text.stem} and commit what it makes"
    svg = picture.read_text("utf-8")
    assert svg.count("<rect") >= 1 and "sans-serif" in svg, "a light ground and letters that exist anywhere"
    assert not re.search(r"graphviz version|/(home|usr|work|tmp)/|<script|<image|href=", svg), "no facts of a machine, no links"
    shown = [slug for slug in NOTEBOOKS if f"(pictures/{picture.name})" in runs.load(slug).cells[0].source]
    assert shown == [text.stem], "shown by the notebook that is called like it"


def test_a_page_made_of_a_notebook_holds_its_picture(tmp_path):
    """What docs/instructors.md tells them to run; the picture is inside the page, which can then be sent alone."""
    import nbformat
    from nbconvert import HTMLExporter
    cells = [nbformat.v4.new_markdown_cell(f"![all](pictures/{picture.name})") for picture in pictures.drawn()
             if picture.parent != pictures.TEXTS]
    page, _ = HTMLExporter(embed_images=True).from_notebook_node(nbformat.v4.new_notebook(cells=cells),
                                                                 {"metadata": {"path": str(ROOT / "notebooks")}})
    assert page.count('src="data:image/svg+xml;base64,') == len(cells) > 0 and 'src="pictures/' not in page


def test_a_changed_text_or_picture_is_seen_and_a_missing_dot_is_a_sentence(tmp_path, monkeypatch):
    text, picture = tmp_path / "99-small.dot", tmp_path / "99-small.svg"
    original = next(iter(pictures.texts().items()))
    text.write_text(original[0].read_text("utf-8"), "utf-8")
    svg = original[1].read_text("utf-8").replace(original[0].name, text.name)
    picture.write_text(svg, "utf-8")
    assert pictures.fits(text, picture)
    picture.write_text(svg.replace("#0072b2", "#ff0000"), "utf-8")
    assert not pictures.fits(text, picture), "the picture was edited"
    picture.write_text(svg, "utf-8")
    text.write_text(text.read_text("utf-8") + "// more\n", "utf-8")
    assert not pictures.fits(text, picture), "the text was edited"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pictures.PictureError, match=r"99-small.dot: .*Graphviz is not here.*install it"):
        pictures.render(text)
    text.write_text('digraph { a [class=shiny] }', "utf-8")
    monkeypatch.undo()
    monkeypatch.setattr(pictures.shutil, "which", lambda name: name)
    with pytest.raises(pictures.PictureError, match="unknown class 'shiny'"):
        pictures.render(text)


@pytest.mark.parametrize("folder, slug", BOTH)
def test_folded_cells_are_folded_in_jupyterlab(folder, slug):
    for cell in code_cells(folder, slug):
        assert (build.FOLD in cell.metadata.get("tags", [])) == cell.metadata.get("jupyter", {}).get("source_hidden", False)


@pytest.mark.parametrize("folder, slug", BOTH)
def test_no_outputs_unique_ids_valid(folder, slug):
    import nbformat
    notebook = runs.load(slug, folder)
    nbformat.validate(notebook)
    assert all(not cell.outputs and cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code")
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert not re.search(r"# SOLUTION|\b(wrong|raises)-\d", str(notebook)) or folder == "notebooks"


def test_the_build_is_the_same_twice():
    for source in (runs.source("template-notebook", "notebooks"), runs.source("template-lab", "labs")):
        assert build.build(source) == build.build(source)


BROKEN = [  # an edit of the template, and what the build says about it
    ("template-notebook", "## Look at the data", "## Data", "unknown section 'Data'"),
    ("template-notebook", "## See it", "## Prove it", "comes too late or twice|See it"),
    ("template-notebook", 'tags=["look-real"]', 'tags=["look-toy"]', "tags are unique"),
    ("template-notebook", 'tags=["look-real"]', 'tags=["lok-real"]', "unknown tag 'lok-real'"),
    ("template-notebook", "guess = 300_000", "guess = 300_000  # SOLUTION", "belongs in a lab"),
    ("template-notebook", ' signature=["in seen", "seen.add("]', "", "must name the calls"),
    ("template-notebook", 'tags=["raises-exception", "break-crash"]', 'tags=["raises-exception"]', "needs a break-"),
    ("template-notebook", "# %% [markdown]\n# ## In one", '# %% [markdown] tags=["fold"]\n# ## In one',
     "only code can be folded"),
    ("template-notebook", "## Go on", "## Sources", "unknown section 'Sources'"),
    ("template-lab", 'tags=["check-1"]', "", "no cell tagged check-1"),
    ("template-lab", "lab.check(1, per_hour)", "lab.check(2, per_hour)", r"does not hold `lab.check\(1,`"),
    ("template-lab", "*Level: fill in · 10 minutes*", "*Level: easy*", "needs the line"),
    ("template-lab", "## Discussion", "## Epilogue", "must be `## Discussion`"),
    ("template-lab", 'says="You returned no hours"', 'says="You grouped by arrival"', "of its own"),
    ("template-lab", 'breaks="a dict"', 'breaks="by the week"', "must quote the exercise's text"),
    ("template-lab", 'tags=["wrong-1"] says="You returned no hours"', 'tags=["nothing-1"]', "at least 3"),
    ("template-lab", "report in reports:\n        hour", "report in reports:  # SOLUTION\n        hour", None),
]


@pytest.mark.parametrize("name, old, new, said", BROKEN, ids=[f"{n}-{entry[0]}" for n, entry in enumerate(BROKEN)])
def test_a_broken_source_is_refused_with_file_line_and_sentence(tmp_path, name, old, new, said):
    text = (ROOT / "source" / f"{name}.py").read_text("utf-8")
    assert old in text
    broken = tmp_path / f"{name}.py"
    broken.write_text(text.replace(old, new, 1), "utf-8")
    if said is None:  # a marked `for` takes its marked body along: one blank, still a right source
        assert "    counts = {}\n    ...\n    return counts" in build.blanked(build.read(broken)[3].text)
        return
    with pytest.raises(build.SourceError, match=rf"{name}.py:\d+: .*({said})"):
        build.build(broken)


SMALL_DEEPER = """# %% [markdown]
# # 03 Medallion, deeper: what else?

# %% tags=["setup", "fold"]
print("set up")

# %% [markdown]
# ## One more thing

# %% tags=["prove-more", "fold"]
print("proved")
"""


@pytest.mark.parametrize("old, new, said", [
    ("", "", None), (", deeper: what else?", ": what else?", "the title of a deeper notebook"),
    ("# 03 ", "# 04 ", "`# 03 Name, deeper"),
    ("prove-more", "step-more", "section 'One more thing' proves nothing"), ('"prove-more"', '"proof"', "unknown tag 'proof'")])
def test_a_deeper_notebook_is_free_but_proves_in_every_section(tmp_path, old, new, said):
    source = tmp_path / "03-medallion-deeper.py"
    source.write_text(SMALL_DEEPER.replace(old, new, 1), "utf-8")
    if said:
        with pytest.raises(build.SourceError, match=rf"03-medallion-deeper.py:\d+: .*{re.escape(said)}"):
            build.build(source)
        return
    cells = json.loads(build.build(source))["cells"]
    assert [cell["metadata"].get("jupyter") for cell in cells] == [None, {"source_hidden": True}] * 2
    assert [cell["id"] for cell in cells if cell["cell_type"] == "code"] == ["setup", "prove-more"]


# --- the helper

def imported() -> list:
    """The files that a notebook imports: the package's own level, without the command line."""
    return [file for file in sorted((ROOT / "patternlab").glob("*.py")) if file.name not in ("cli.py", "__main__.py")]


def test_the_helper_keeps_its_budget():
    sizes = {file.name: len(file.read_text("utf-8").splitlines()) for file in imported()}
    assert max(sizes.values()) <= 250, sizes


LAYERS = ("engines", "checking", "", "patterns")           # an arrow goes to its own layer or one that stands before it


def test_imports_of_the_helper_make_no_circle():
    """Patterns use the helper's modules and checking, these use engines; truth.py finds the rooms and no room's truth asks it."""
    import graphlib
    arrows = {}
    for file in sorted((ROOT / "patternlab").rglob("*.py")):
        here = file.relative_to(ROOT).with_suffix("").parts
        if "commands" in here or here[-1] in ("cli", "__main__"):
            continue
        for node in ast.parse(file.read_text("utf-8")).body:          # what is imported with the module, not later
            if isinstance(node, ast.ImportFrom) and node.level:
                base = [*here[:-node.level], *filter(None, (node.module or "").split("."))]
                for name in node.names:
                    home = ROOT.joinpath(*base, name.name)
                    found = [*base, name.name] if home.with_suffix(".py").exists() or home.is_dir() else base
                    arrows.setdefault(here, set()).add(tuple(found))
    list(graphlib.TopologicalSorter(arrows).static_order())           # CycleError names the circle
    layer = {file: file[1] if len(file) > 2 or file[1] in LAYERS else "" for file in {*arrows, *set().union(*arrows.values())}
             if len(file) > 1}
    up = [(file, other) for file, others in arrows.items() for other in others if file in layer and other in layer
          and LAYERS.index(layer[other]) > LAYERS.index(layer[file]) and other != ("patternlab", "patterns")]
    assert not up, "the arrows run one way"


@pytest.mark.parametrize("file", [file for file in sorted((ROOT / "patternlab").rglob("*.py"))
                                  if not {"engines", "commands"} & set(file.relative_to(ROOT).parts)],
                         ids=lambda file: str(file.relative_to(ROOT)))
def test_the_helper_never_holds_the_pattern(file):
    """Whatever a notebook or a check can import, but the engines: no stream, window, MERGE, hash, producer or group in it."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in ("readStream", "withWatermark", "foreachBatch", "sha2",
                                                             "StatefulProcessor", "transformWithState", "registerTimer"):
            found.append((node.lineno, node.attr))
        elif isinstance(node, (ast.ImportFrom, ast.Import)):
            found += [(node.lineno, alias.name) for alias in node.names
                      if alias.name in ("sha2", "window", "KafkaProducer", "session_window")]
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            pandas_merge = {keyword.arg for keyword in node.keywords} & {"on", "how", "left_on", "left_index"}
            text = " ".join(str(inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Constant))
            grouped = name == "KafkaConsumer" and "group_id" in {keyword.arg for keyword in node.keywords}
            if name in ("window", "session_window", "sha2", "KafkaProducer") or grouped \
                    or (name == "merge" and not pandas_merge) \
                    or (name == "sql" and re.search(r"\b(MERGE\s+INTO|REPLACE\s+WHERE)\b", text, re.I)):
                found.append((node.lineno, f"{name}("))
            if name == "option" and "userMetadata" in text or name == "sql" and "DESCRIBE HISTORY" in text:
                found.append((node.lineno, f"{name}("))        # publishing under a contract, and the catalogue made of it (13)
    assert not found, "the notebook owns the pattern"


@pytest.mark.parametrize("file", [*sorted((ROOT / "patternlab").rglob("*.py")), *sorted((ROOT / "tests").rglob("*.py")),
                                  ROOT / "kit.py"], ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_says_what_it_is(file):
    module = ast.parse(file.read_text("utf-8"))
    said = ast.get_docstring(module) or ""
    assert said.strip() and said.strip()[-1] in ".:)", "a module begins with a docstring, in whole sentences"
    wide = [number for number, line in enumerate(file.read_text("utf-8").splitlines(), 1) if len(line) > 130]
    assert not wide, f"lines {wide} are longer than 130; 120 is the aim"


@pytest.mark.parametrize("file", imported(), ids=lambda file: file.name)
def test_everything_that_a_notebook_can_call_has_a_docstring(file):
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


# --- the budgets refuse

def small(*cells) -> list:
    """The cells of a notebook: a text is prose, ("fold", code) a folded cell, ("setup", code) a tagged one, (code,) code."""
    made = []
    for cell in cells:
        if isinstance(cell, str):
            made.append({"cell_type": "markdown", "source": cell, "metadata": {}})
        else:
            tags = list(cell[:-1])
            metadata = {"tags": tags, **({"jupyter": {"source_hidden": True}} if "fold" in tags else {})}
            made.append({"cell_type": "code", "source": cell[-1], "metadata": metadata})
    return made


PLAIN, LONG_CELL = ("late.count()",), ("\n".join(["late = late.where(arrived)"] * 20),)       # 5 and 160 tokens
SAID = "a word of prose for the code that follows it here " * 30
OVER = [  # cells, and what is said about them
    ([SAID, *[("a.b(c.d, e.f)",)] * 10], []),
    ([SAID, *[("\n".join(["a.b(c.d, e.f)"] * 5),)] * 2 + [PLAIN]], ["median 60 tokens"]),
    ([SAID, *[PLAIN] * 8, *[LONG_CELL] * 2], ["one cell in ten has 160"]),
    ([SAID, *[PLAIN] * 20, (LONG_CELL[0] + "\nlate",)], ["a cell of 161 tokens"]),
    ([SAID, *[PLAIN] * 18, ("late = '" + "x" * 82 + "'",)], ["5% of the lines are wider"]),
    ([SAID, *[PLAIN] * 30, ("late = '" + "x" * 88 + "'",)], ["a line of 97 characters"]),
    (["few words here", PLAIN], ["1.67 tokens of code for a word"]),
    ([SAID, PLAIN, *[("fold", "late = 1")] * 5], ["5 folded cells"]),
    ([SAID, PLAIN, ("fold", "late = 1\n" * 21)], ["a folded cell of 21 lines"]),
]


@pytest.mark.parametrize("cells, said", OVER, ids=[f"{n}-{entry[1]}" for n, entry in enumerate(OVER)])
def test_what_is_over_its_budget_is_said(cells, said):
    found = budget.too_much(budget.measure("small", small(*cells)), lesson=False)
    assert len(found) == len(said) and all(text in line for text, line in zip(said, found)), found


def test_an_f_string_is_one_token_on_every_python():
    assert budget.tokens("print(f'{late:,} of {len(rows)} are {f\"{share:.0%}\"} late', end='')\n%time") == 8


def test_a_lesson_is_asked_for_its_cells_too(capsys, tmp_path):
    cells = small("# 99 Small: is it?", "## Set up", PLAIN, PLAIN, "## Build it", ("fold", "late = 1"), *[PLAIN] * 13)
    found = budget.too_much(budget.measure("99-small", cells), lesson=True)
    assert [line for line in found if "visible code cells" in line] == [
        "15 visible code cells, 20 to 30 are the budget", "Set up: 2 visible code cells, 1 to 1 are the budget",
        "Build it: 13 visible code cells, 5 to 12 are the budget"]
    assert list(budget.SECTIONS) == ["", *build.ANATOMY]
    assert budget.is_lesson("notebooks", "03-medallion") and not budget.is_lesson("labs", "03-medallion")
    assert not budget.is_lesson("notebooks", "03-medallion-deeper") and not budget.is_lesson("notebooks", "00-start-here")
    file = tmp_path / "notebooks" / "99-small.ipynb"
    file.parent.mkdir()
    file.write_text(json.dumps({"cells": cells}), "utf-8")
    assert budget.report([file]) == 1
    assert "notebooks/99-small" in capsys.readouterr().out


@pytest.mark.parametrize("code, said", [
    ("late.count(), lost.count()", "calls joined by a comma"),
    ("publish(late), sent", None),
    ("late, lost, open", None),
    ("[[row.key for row in batch] for batch in batches]", "inside another one"),
    ("sorted(batches, key=lambda batch: max(row.at for row in batch))", "inside another one"),
    ("early = {batch: (lambda row: row.key) for batch in batches}", "inside another one"),
    ("sum(row.late for row in rows)", None),
    ("[sent.append(row) for row in rows]", "append() inside a comprehension does something"),
    ("sent = [producer.send(topic, row) for row in rows]", "send() inside a comprehension"),
    ("for row in rows:\n    producer.send(topic, row)", None),
    ("late = 1; lost = 2", "two statements on one line"),
    ("def count(rows):\n    total = 0; return total", "two statements on one line"),
    ("try:\n    begin()\nexcept OSError:\n    late = 1; lost = 2", "two statements on one line"),
    ("bars(late, 'Late', 'flights');", None),
])
def test_a_packed_statement_is_refused(code, said):
    found = budget.packed_cells(small("Some text.", (code,)))
    assert len(found) == (said is not None) and all(said in line for line in found), found


@pytest.mark.parametrize("cells, refused", [
    ([("setup", "import json")], False), ([("fold", "import json")], False), ([("import json\njson.dumps(late)",)], True),
    (["`deltalake` reads the same files without Spark.", ("from deltalake import DeltaTable",)], False),
    (["Other files.", ("from deltalake import DeltaTable",)], True),
    ([("def program():\n    import time\n    return time.time()",)], False),
])
def test_imports_stand_in_the_set_up(cells, refused):
    assert bool(budget.packed_cells(small(*cells))) == refused


# --- the repository's texts

def tracked(*ends) -> list:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:  # an unpacked archive has no git: everything that is not made by the kit
        names = [str(file.relative_to(ROOT)) for file in ROOT.rglob("*") if file.is_file()
                 and not {".venv", ".patternlab", "desk", "__pycache__"} & set(file.relative_to(ROOT).parts)]
    else:
        names = listed.stdout.split("\0")
    return [ROOT / name for name in names if name.endswith(ends) and (ROOT / name).is_file()]


def test_texts_are_plain():
    for file in tracked(".md"):
        text = prose(file.read_text("utf-8"))
        assert not EMOJI.findall(text), file
        assert not [word for word in BANNED_WORDS.findall(re.sub(r'"[^"]*"|`[^`]*`', "", text))], file


@pytest.mark.parametrize("folder, slug", BOTH)
def test_relative_links_resolve(folder, slug):
    text = "\n".join(cell.source for cell in runs.load(slug, folder).cells if cell.cell_type == "markdown")
    assert not dead_links(text, home(slug, folder))
    desk = (ROOT / "notebooks", ROOT / "labs", home(slug) / "pictures")
    away = [link for link in links(text) if (home(slug, folder) / link).resolve().parent not in desk]
    assert not away, "the learner's desk has notebooks/ (with pictures/) and labs/ and nothing else: link there, or to the web"


def test_relative_links_of_documents_resolve():
    dead = {str(file.relative_to(ROOT)): dead_links(file.read_text("utf-8"), file.parent) for file in tracked(".md")}
    assert not {name: found for name, found in dead.items() if found}


def links(text) -> list:
    """The relative links of a text, without their anchors."""
    found = re.findall(r"\]\(([^)\s]+)[^)]*\)", re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S))
    found += re.findall(r"""(?:src|href)=["']([^"']+)["']""", text)
    return [unquote(link.partition("#")[0]) for link in found if not re.match(r"[a-z]+:|#", link)]


def dead_links(text, folder) -> list:
    return [link for link in links(text) if not (folder / link).exists()]


def test_no_paths_of_a_machine_and_no_registry():
    """No index address in what is committed, and nothing of this machine's own settings for pip."""
    own = re.findall(r"//(?:[^@/\s]*@)?([\w.-]+)", " ".join(value for name, value in os.environ.items()
                                                            if "INDEX" in name or "PROXY" in name.upper()))
    paths = re.compile(r"/work/(main|shared|\.library)|/tmp/contract|artifactory|--(extra-)?index-url", re.I)
    for file in tracked(".md", ".py", ".ipynb", ".toml", ".yml", ".json", ".lock", ".in", ".txt", "run", "Dockerfile"):
        if file == ROOT / "tests" / "test_style.py":
            continue  # this file names what it looks for
        text = file.read_text("utf-8")
        assert not paths.search(text), f"{file.relative_to(ROOT)}: {paths.search(text).group()}"
        assert not [host for host in own if host in text], file


def test_every_dependency_has_its_reason():
    lines = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    needed = {re.match(r"[\w-]+", line).group().lower() for line in lines if re.match(r"\w", line)}
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("| package | reason |")[2]
    named = {name for row in re.findall(r"^\| ([^|]+) \|", table, re.M) for name in row.strip().split(", ")} - {"---"}
    assert {name for name in named if re.match(r"\w", name)} == needed
