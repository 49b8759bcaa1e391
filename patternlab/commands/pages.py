"""Pages for `site`: one page of HTML from a notebook, and the index. Nothing here runs a notebook or writes a file.

A page needs nothing but itself: nbconvert puts styles and pictures inside, and the template below leaves out what it would
load from other hosts (require.js, MathJax, mermaid: no notebook of this kit uses them).
"""
import base64
import html
import os
import re
import tempfile
from pathlib import Path

from ..engines.place import ROOT, state
from . import atlas

TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_css -%}<style>{{ resources.style }}</style>{%- endblock -%}
{%- block body_header -%}
<body class="jp-Notebook" data-jp-theme-light="true" data-jp-theme-name="JupyterLab Light">
<nav class="bar">{{ resources.bar }}</nav>
<main>
{%- endblock -%}
{%- block input_group -%}
{%- if cell.metadata.get('jupyter', {}).get('source_hidden') -%}
<details class="folded"><summary><code>{{ cell.source.splitlines()[0] | e }}</code></summary>{{ super() }}</details>
{%- else -%}{{ super() }}{%- endif -%}
{%- endblock -%}
{#- nbconvert parses the colours of each cell's code again to clean them: half of the time, and they are its own -#}
{%- block input -%}
<div class="jp-CodeMirrorEditor jp-Editor jp-InputArea-editor" data-type="inline">
<div class="cm-editor cm-s-jupyter">{{ cell.source | highlight_code(metadata=cell.metadata) }}</div></div>
{%- endblock -%}
{%- block data_png scoped -%}
<div class="jp-RenderedImage jp-OutputArea-output"><img alt="A figure that the code above draws"
 src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
 {%- set width = output | get_metadata('width', 'image/png') -%}{%- if width is not none %} width="{{ width }}"{% endif %}></div>
{%- endblock -%}
"""

STYLE = """
body.jp-Notebook { margin: 0; padding: 0 0 4rem; background: #fff; color: #212121; overflow: visible; }
main { max-width: 58rem; margin: 0 auto; padding: 0 1rem; }
.bar { background: #f3f7fa; border-bottom: 1px solid #ddd; padding: .55rem 1rem; text-align: center;
       font: 15px/1.5 system-ui, sans-serif; }
.bar a, .bar b, .bar span { margin: 0 .55rem; white-space: nowrap; }
.bar a { color: #00588a; }
.jp-Cell { padding: 3px 0; }
.jp-RenderedMarkdown { font-size: 16px; line-height: 1.55; padding-right: 0; }
.jp-RenderedHTMLCommon img, .jp-RenderedImage img { max-width: 100%; height: auto; }
.jp-RenderedHTMLCommon table { display: block; max-width: 100%; overflow-x: auto; margin-left: 0; }
.jp-RenderedMarkdown table { font-size: 14.5px; }
.jp-RenderedMarkdown thead th:empty { padding: 0; }
.jp-RenderedMarkdown th, .jp-RenderedMarkdown td { text-align: left; white-space: normal; max-width: none; }
.jp-InputArea-editor, .jp-OutputArea-output { overflow-x: auto; }
.jp-OutputArea-output { padding-left: .6rem; }
details { margin: .3rem 0; }
summary { cursor: pointer; }
.folded > summary { color: #5f5f5f; border: 1px dashed #ccc; padding: .25rem .6rem; list-style-position: inside; }
@media (max-width: 40rem) { main { padding: 0 .5rem; } .jp-RenderedMarkdown { font-size: 15px; } .bar { text-align: left; } }
"""

INDEX_STYLE = """
body { margin: 0 auto; max-width: 66rem; padding: 1rem 1rem 4rem; background: #fff; color: #212121;
       font: 16px/1.55 system-ui, sans-serif; }
h1 { margin: 1rem 0 .3rem; } h2 { margin: 2rem 0 .5rem; }
a { color: #00588a; }
.map { overflow-x: auto; } .map svg { max-width: 100%; height: auto; } .map a:hover rect { stroke: #212121; stroke-width: 3; }
table { border-collapse: collapse; width: 100%; } td { border-top: 1px solid #ddd; padding: .35rem .6rem .35rem 0; }
pre { background: #f5f5f5; padding: .7rem; overflow-x: auto; }
@media (max-width: 40rem) { td { display: block; border: 0; padding: 0; } tr { display: block; border-top: 1px solid #ddd;
       padding: .5rem 0; } .map svg { max-width: none; } }
"""


class Pages:
    """Makes the pages of a site that has these names: "notebooks/03-medallion", "labs/03-medallion", ..., in their order.

    Links to other notebooks become links to their pages.
    """

    def __init__(self, names: list):
        from nbconvert import HTMLExporter
        self.names = names
        self.exporter = HTMLExporter(raw_template=TEMPLATE, exclude_input_prompt=True, exclude_output_prompt=True)

    def page(self, name: str, notebook, pictures: Path) -> tuple:
        """(HTML of a notebook, the folders of this machine that were replaced in its outputs).

        Its links to pictures begin at the folder `pictures`.
        """
        replaced = hide(notebook)
        notebook.metadata["title"] = title(notebook) or name
        text, _ = self.exporter.from_notebook_node(notebook, {"bar": self._bar(name), "style": STYLE})
        # not by nbconvert's embed_images: that closes each <details> at once, and the answers stand open below it
        text = re.sub(r'(<img[^>]* src=")([\w./-]+\.svg)(?=")', lambda found: found[1] + _inside(pictures / found[2]), text)
        return re.sub(r'(href="(?!\w+:)[^"#?]+)\.ipynb(?=["#])', r"\1.html", text), replaced

    def _bar(self, name: str) -> str:
        folder, slug = name.split("/")
        lesson, lab = slug.removesuffix("-deeper"), f"labs/{slug.removesuffix('-deeper')}"
        row = [other for other in self.names if other.startswith(folder) and not other.endswith("-deeper")]
        at = row.index(f"{folder}/{lesson}") if f"{folder}/{lesson}" in row else -1
        deeper = f"notebooks/{lesson}-deeper"
        parts = ['<a href="../index.html">index</a>']
        if at > 0:
            parts.append(f'<a href="{os.path.basename(row[at - 1])}.html">previous</a>')
        for other, said in ((f"notebooks/{lesson}", "lesson"), (deeper, "deeper"), (lab, "lab")):
            if other == name:
                parts.append(f"<b>{slug[:2]} {said}</b>")
            elif other in self.names:
                parts.append(f'<a href="../{other}.html">{said}</a>')
        if -1 < at < len(row) - 1:
            parts.append(f'<a href="{os.path.basename(row[at + 1])}.html">next</a>')
        return "\n".join(parts)

    def index(self) -> str:
        """HTML of the index: the map with a link in each box, the list, how to install."""
        data = atlas.load()
        rows = "\n".join(self._row(one) for one in [data["tour"], *data["patterns"]])
        picture = re.sub(r"<!--.*?-->", "", atlas.draw(self._lesson), flags=re.S).strip()
        return INDEX.format(style=INDEX_STYLE, map=picture, rows=rows)

    def _lesson(self, one: dict) -> str:
        """Where the lesson of a line of map.json is; "" where this site has none."""
        name = f"notebooks/{one['number']}-{one['slug']}"
        return f"{name}.html" if name in self.names else ""

    def _row(self, one: dict) -> str:
        slug = f"{one['number']}-{one['slug']}"
        said = html.escape(f"{one['number']} {one['name']}")
        pages = {f"notebooks/{slug}": said, f"labs/{slug}": "lab", f"notebooks/{slug}-deeper": "deeper"}
        links = [f'<a href="{name}.html">{word}</a>' if name in self.names else "" for name, word in pages.items()]
        return (f"<tr><td>{links[0] or said}</td><td>{html.escape(one['question'])}</td><td>{links[1]}</td>"
                f"<td>{links[2]}</td></tr>")


INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Data Architecture Patterns Lab</title>
<style>{style}</style>
</head>
<body>
<h1>Data Architecture Patterns Lab</h1>
<p>Notebooks that build one data-architecture pattern each, on real engines, break it with a real fault and prove the
repair; a lab for each lets you do it yourself. These pages show every lesson as it ran, with all outputs, and every lab as
you get it.</p>
<div class="map">
{map}
</div>
<h2>All of them</h2>
<table>
{rows}
</table>
<h2>To run them yourself</h2>
<p>You need Python 3.10 to 3.14 and a checkout of the kit. In its folder:</p>
<pre>python3 kit.py start     # makes the environment, fetches the engines, opens JupyterLab on 00-start-here
python3 kit.py doctor    # says what is wrong, where something is</pre>
<p>The kit is under the Apache License 2.0; the data are CC0.</p>
</body>
</html>
"""


def _inside(picture: Path) -> str:
    """An SVG file as the address of a picture that is inside of a page; its name where there is no such file."""
    if not picture.is_file():
        return picture.name                                      # `complaints` says that the page loads it
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.read_bytes()).decode()}"


def title(notebook) -> str:
    """The first heading of a notebook, "" without one."""
    for cell in notebook.cells:
        found = re.match(r"# +(.+)", cell.source) if cell.cell_type == "markdown" else None
        if found:
            return found[1].strip()
    return ""


# --- what of this machine may stand in no page

def private() -> list:
    """[(a folder of this machine, the short name that a page has for it)], the longest first."""
    known = {str(state()): ".patternlab", str(ROOT): "kit", tempfile.gettempdir(): "tmp", os.path.expanduser("~"): "~"}
    known |= {os.path.realpath(folder): short for folder, short in known.items()}
    # delta-rs names a path without its first slash; of a shallow folder that would be an ordinary word
    known |= {folder[1:]: short for folder, short in known.items() if folder.count("/") > 2}
    return sorted(((folder, short) for folder, short in known.items() if len(folder) > 3), key=lambda pair: -len(pair[0]))


def of_this_machine(text: str) -> list:
    """The folders of `private` that stand in a text."""
    return [folder for folder, _ in private() if re.search(_whole(folder), text)]


def hide(notebook) -> list:
    """Put short names for folders of this machine in all outputs, in place; returns the folders that were there."""
    found, known = set(), private()

    def short(text):
        for folder, name in known:
            text, times = re.subn(_whole(folder), lambda _: name, text)
            found.update([folder] * bool(times))
        return text

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            for part in ("text", "evalue"):
                if part in output:
                    output[part] = short(output[part])
            if "traceback" in output:
                output["traceback"] = [short(line) for line in output["traceback"]]
            for kind, value in output.get("data", {}).items():
                if kind.startswith("text/") or kind == "image/svg+xml":
                    output["data"][kind] = short(value)
    return sorted(found)


def _whole(folder: str) -> str:
    return rf"(?<![\w.-]){re.escape(folder)}(?![\w-])"
