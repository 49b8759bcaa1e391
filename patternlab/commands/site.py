"""`kit.py site FOLDER`: every lesson as it ran and every lab as shipped, as pages that need no server, no network and no kit.

What is in a page is in pages.py, what is a run in executed.py; here are the folder, the order of things and the checks of a site.
"""
import argparse
import contextlib
import json
import os
import re
import shlex
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

from ..engines.place import ROOT, state
from . import atlas, executed, pages

MARK = ".patternlab-site"                  # in the folder: the files that we wrote there
PAGE = re.compile(r"index\.html|(notebooks|labs)/[\w-]+\.html")     # what stands in MARK: never a way out of the folder
MOST = 2_000_000                           # bytes of a page


class SiteError(Exception):
    """A site that can't be made, in a sentence."""


def main(argv: list) -> int:
    """Build the site; returns 0 when it is whole and nothing is wrong with it."""
    parser = argparse.ArgumentParser("kit.py site", description="Make static pages of all notebooks, executed, and of all labs. "
                                     "Runs that are still true (of a test run, of an earlier site) are taken as they are, the "
                                     "others are made: about half a minute for a notebook.")
    parser.add_argument("folder", type=Path, help="where the pages go: a new or empty folder, or an earlier site")
    parser.add_argument("--runs", type=Path, help="take executed notebooks from this folder, and run none")
    chosen = parser.parse_args(argv)
    ours(chosen.folder)                                          # refused before anything runs
    lessons, labs = shipped()
    if chosen.runs:
        return make(chosen.folder, lessons, labs, chosen.runs)
    missing = [file for file in lessons if executed.kept(file) is None]
    print(f"{len(lessons) - len(missing)} of {len(lessons)} notebooks have a run that is still true.", flush=True)
    if missing:
        _ready()
        _run(missing)
    return make(chosen.folder, lessons, labs)


def shipped() -> tuple:
    """(notebooks, labs) of the kit as shipped: paths, in order."""
    return tuple(sorted((ROOT / folder).glob("[0-9][0-9]-*.ipynb"), key=lambda file: file.stem)
                 for folder in ("notebooks", "labs"))


def _ready() -> None:
    """Fetch what engines need, once for all."""
    from ..engines import jars
    from .start import prepare_archives
    jars.fetch(*jars.DEFAULT)
    prepare_archives()


def _run(files: list) -> None:
    """Execute notebooks one after another, and keep their runs."""
    import nbformat
    for file in files:
        notebook = nbformat.read(file, as_version=4)
        seconds = executed.run(notebook, file.stem)
        executed.keep(notebook, file.stem, seconds, file)
        print(f"{file.stem}: {seconds:.0f} s", flush=True)


def make(folder: Path, lessons: list, labs: list, runs: "Path | None" = None) -> int:
    """Write the site from kept runs (of `runs`, else of the state folder), look it over, and say what came out.

    Returns 0, or 1 after saying what is wrong with it. SiteError where a run is missing, or is one of another notebook.
    """
    began = time.monotonic()
    found = {file: executed.kept(file, runs) for file in lessons}
    if lacking := [file.stem for file in lessons if found[file] is None]:
        raise SiteError(f"{runs or state('runs')} has no run of {', '.join(lacking)}, or one from before a change. "
                        f"Run `python3 kit.py site {shlex.quote(str(folder))}` without --runs: that makes what is missing.")
    names = write(folder, found, labs)
    wrong = complaints(folder, names)
    size = sum((folder / f"{name}.html").stat().st_size for name in ["index", *names])
    print(f"{len(names) + 1} pages, {size / 1e6:.1f} MB, in {time.monotonic() - began:.0f} s: {folder / 'index.html'}",
          flush=True)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


# --- the folder

def ours(folder: Path) -> list:
    """The files of an earlier site in this folder, [] for a folder that is empty or not there.

    SiteError for any other one, for one that can't be made or written, and for a list that is not of this program's making.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    what = "no folder" if not there.is_dir() else "" if os.access(there, os.W_OK | os.X_OK) else "not yours to write in"
    if what and (there != folder or there.is_dir()):
        raise SiteError(f"{folder} can't be written: {there} is {what}. Name another place.")
    if folder.is_dir() and (folder / MARK).is_file():
        with contextlib.suppress(ValueError, TypeError):         # UnicodeDecodeError is a ValueError too
            if all(map(PAGE.fullmatch, files := json.loads((folder / MARK).read_text("utf-8")))):
                return files
        raise SiteError(f"{folder / MARK} does not list pages of a site, so nothing is written or deleted here. "
                        "Delete the folder if it was a site of yours, or name another one.")
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        what = "a folder with other files" if folder.is_dir() else "a file"
        raise SiteError(f"{folder} is {what}, and nothing of yours is written over or deleted here. "
                        "Name a new or an empty folder, or one with an earlier site.")
    return []


def write(folder: Path, lessons: dict, labs: list) -> list:
    """Write all pages: `lessons` is {notebook as shipped: its run}, `labs` are the labs as shipped.

    Returns the names of the pages, in order. Pages of an earlier site that are no more are removed; a file that we
    did not write is refused, never written over.
    """
    import nbformat
    before = ours(folder)
    inputs = {f"notebooks/{file.stem}": (file, notebook) for file, notebook in lessons.items()}
    inputs |= {f"labs/{file.stem}": (file, nbformat.read(file, as_version=4)) for file in labs}
    files = ["index.html", *(f"{name}.html" for name in inputs)]
    if foreign := [file for file in files if file not in before and (folder / file).exists()]:
        raise SiteError(f"{folder / foreign[0]} is in the way: it is not a page of the earlier site there. Move it away.")
    for place in {(folder / file).parent for file in files}:
        place.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(json.dumps(sorted({*before, *files})), "utf-8")       # also true of a half-written site
    maker = pages.Pages(list(inputs))
    for name, (file, notebook) in inputs.items():
        text, replaced = maker.page(name, notebook, file.parent)
        (folder / f"{name}.html").write_text(text, "utf-8")
        if replaced:
            print(f"{file.stem}: {', '.join(replaced)} stood in its outputs, and a short name does in its page.")
    (folder / "index.html").write_text(maker.index(), "utf-8")
    for file in set(before) - set(files):
        (folder / file).unlink(missing_ok=True)
    (folder / MARK).write_text(json.dumps(files), "utf-8")
    return list(inputs)


# --- what must hold of a site

class _Page(HTMLParser):
    """What a page refers to: links, what it loads, ids; and which code cells have no output."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.loads, self.ids, self.scripts, self.cells = [], [], set(), 0, []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        self.inside = tag if tag in ("style", "script") else self.inside
        self.scripts += tag == "script"
        self.ids.add(given.get("id", ""))
        if tag in ("a", "area"):
            self.links += [given["href"]] * ("href" in given)
        else:
            self.loads += [given[name] for name in ("src", "href", "xlink:href", "poster", "data") if name in given]
            self.loads += re.findall(r"[^\s,]+(?=\s*[\d.]+[wx])", given.get("srcset", ""))
        self._style(given.get("style", ""))
        kinds = given.get("class", "").split()
        if "jp-CodeCell" in kinds:
            self.cells.append("jp-mod-noOutputs" not in kinds)

    def handle_endtag(self, tag):
        self.inside = "" if tag == self.inside else self.inside

    def handle_data(self, data):
        if self.inside == "style":
            self._style(data)

    def _style(self, text):
        self.loads += re.findall(r"url\(\s*[\"']?([^\"')]+)", text) + re.findall(r"@import\s+[\"']([^\"']+)", text)


def complaints(folder: Path, names: "list | None" = None) -> list:
    """What is wrong with the site in a folder, in sentences: [] for a good one.

    `names` are the pages that it must have ("notebooks/03-medallion"); without them all notebooks and labs of the kit.
    """
    if names is None:
        names = [f"{file.parent.name}/{file.stem}" for files in shipped() for file in files]
    texts = {f"{name}.html": (folder / f"{name}.html").read_text("utf-8") for name in ["index", *names]
             if (folder / f"{name}.html").is_file()}
    parsed = {name: _Page(text) for name, text in texts.items()}
    said = [f"{name}.html is missing." for name in ["index", *names] if f"{name}.html" not in texts]
    for name, page in parsed.items():
        said += [f"{name}: {sentence}" for sentence in [*_weight(texts[name]), *_cells(name, page), *_loads(page),
                                                        *_links(folder, name, page, parsed)]]
    listed = {link.removesuffix(".html") for link in parsed["index.html"].links} if "index.html" in parsed else set(names)
    said += [f"index.html does not link {name}.html." for name in names if name not in listed]
    said += [f"index.html does not list {one['number']} {one['name']}." for one in atlas.load()["patterns"]
             if "index.html" in texts and f"{one['number']} {one['name']}" not in texts["index.html"]]
    return said


def _weight(text: str) -> list:
    size, visible = len(text.encode()), re.sub(r"data:[\w/+;=-]+,[\w/+=]+", "", text)
    return [f"it has {size:,} bytes, at most {MOST:,} are the rule."] * (size > MOST) + \
           [f"it names {folder}, a folder of this machine." for folder in pages.of_this_machine(visible)]


def _cells(name: str, page: _Page) -> list:
    if name == "index.html":
        return []
    with_output = sum(page.cells)
    lesson = name.startswith("notebooks/")
    if with_output != (len(page.cells) if lesson else 0) or not page.cells:
        return [f"{with_output} of its {len(page.cells)} code cells show an output; of a "
                f"{'lesson all' if lesson else 'lab none'} do."]
    return []


def _loads(page: _Page) -> list:
    """Nothing is loaded, from nowhere: pictures and styles are inside, and there are no scripts."""
    return ["it runs a script, and no page needs one."] * (page.scripts > 0) + \
           [f"it loads {address[:80]}, and a page needs nothing but itself." for address in page.loads
            if not address.startswith(("data:", "#"))]


def _links(folder: Path, name: str, page: _Page, parsed: dict) -> list:
    said, there = [], {(folder / other).resolve(): one for other, one in parsed.items()}
    for link in page.links:
        if link.startswith(("https://", "http://")):
            continue
        path, fragment = urldefrag(link)
        file = (folder / name).parent.joinpath(unquote(path)).resolve() if path else (folder / name).resolve()
        if file not in there:
            said.append(f"its link {link} leads nowhere.")
        elif fragment and unquote(fragment) not in there[file].ids:
            said.append(f"its link {link} leads to no such place on that page.")
    return said
