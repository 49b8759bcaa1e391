"""Title pictures: text in source/pictures/NN-slug.dot becomes notebooks/pictures/NN-slug.svg, by Graphviz, for `build`.

An SVG names the checksum of its text and of itself, so everybody can tell whether the two belong together; `dot` is needed
only by the one who changes a text. A picture whose name has no number (the template's) lies beside its text.
"""
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from ..engines.place import ROOT

TEXTS = ROOT / "source" / "pictures"
WIDEST = 1000                              # units; JupyterLab shrinks what is wider than its page, and the letters with it
FONT = "Helvetica,Arial,Liberation Sans,sans-serif"
BLUE, VERMILION, GREEN, BLACK, GREY = "#0072B2", "#D55E00", "#009E73", "#222222", "#8A8A8A"     # as in patternlab/figures.py
GRAPH = {"rankdir": "LR", "bgcolor": "transparent", "pad": "0.3", "nodesep": "0.35", "ranksep": "0.4", "fontname": FONT,
         "fontsize": "15", "fontcolor": BLACK, "color": GREY}
NODE = {"shape": "box", "style": "rounded,filled", "fillcolor": "#FFFFFF", "color": BLACK, "fontcolor": BLACK, "fontname": FONT,
        "fontsize": "15", "margin": "0.16,0.12", "penwidth": "1.4"}
EDGE = {"color": BLACK, "fontcolor": BLACK, "fontname": FONT, "fontsize": "13", "penwidth": "1.4", "arrowsize": "0.8"}
CLASSES = {                                # what class=... adds: a role, told by shape or dash too, not by colour alone
    "source": {"fillcolor": "#F2F2F2", "color": GREY},
    "store": {"fillcolor": "#E3F0F8", "color": BLUE, "shape": "cylinder", "style": "filled", "margin": "0.16,0.08"},
    "table": {"fillcolor": "#E3F0F8", "color": BLUE},
    "idea": {"fillcolor": BLUE, "color": BLUE, "fontcolor": "#FFFFFF"},
    "good": {"fillcolor": "#E0F3ED", "color": GREEN, "penwidth": "2.4"},
    "lost": {"fillcolor": "#FBEAE0", "color": VERMILION, "style": "rounded,filled,dashed"},
    "fails": {"color": VERMILION, "fontcolor": "#A84A00", "style": "dashed"},         # an arrow
    "maybe": {"color": GREY, "fontcolor": "#5F5F5F", "style": "dashed"},              # an arrow
}


class PictureError(ValueError):
    """A text can't become a picture; the message is one sentence that begins with its file."""


def texts() -> dict:
    """{text: its picture} for every text in source/pictures, in order."""
    return {text: (ROOT / "notebooks" / "pictures" if text.stem[:2].isdigit() else TEXTS) / f"{text.stem}.svg"
            for text in sorted(TEXTS.glob("*.dot"))}


def drawn() -> list:
    """Every picture that is there, whether or not it has a text."""
    return sorted([*ROOT.glob("notebooks/pictures/*"), *TEXTS.glob("*.svg")])


def fits(text: Path, picture: Path) -> bool:
    """Whether `picture` was made from `text` as it is now, in today's style, and nobody changed it afterwards."""
    svg = picture.read_text("utf-8") if picture.exists() else ""
    return svg.startswith(_mark(text, _unmarked(svg)))


def render(text: Path) -> str:
    """The picture of `text` as SVG. Raises PictureError without Graphviz, or where Graphviz does not understand it."""
    name = text.relative_to(ROOT) if text.is_relative_to(ROOT) else text
    dot = shutil.which("dot")
    if dot is None:
        raise PictureError(f"{name}: this text has changed and its picture has not, and Graphviz is not here to draw it: "
                           "install it (apt-get install graphviz, brew install graphviz) and build again.")
    styled = [f"-{letter}{key}={value}" for letter, values in (("G", GRAPH), ("N", NODE), ("E", EDGE))
              for key, value in values.items()]
    drawn = subprocess.run([dot, "-Tsvg", *styled], input=_with_classes(text), capture_output=True, text=True, encoding="utf-8")
    said = [line for line in drawn.stderr.splitlines() if line.strip()]
    if drawn.returncode or said:
        raise PictureError(f"{name}: Graphviz says: {said[0] if said else 'nothing, and it failed'}")
    svg = _tidied(drawn.stdout)
    width = float(re.search(r'<svg width="([\d.]+)"', svg).group(1))
    if width > WIDEST:
        raise PictureError(f"{name}: the picture is {width:.0f} wide and {WIDEST} is the most: shorten labels, break them by "
                           "\\n, or let rankdir be TB.")
    return _mark(text, svg) + svg


def _with_classes(text: Path) -> str:
    """The text with the attributes of each class=... written out."""
    def attributes(found):
        name = found.group(1)
        if name not in CLASSES:
            raise PictureError(f"{text.name}: unknown class {name!r}; known are {', '.join(CLASSES)}.")
        return " ".join(f'{key}="{value}"' for key, value in {"class": name, **CLASSES[name]}.items())
    return re.sub(r'\bclass *= *"?(\w+)"?', attributes, text.read_text("utf-8"))


def _tidied(svg: str) -> str:
    """Graphviz's SVG without what differs between machines, in pixels, on a ground that a dark page leaves readable."""
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    svg = re.sub(r"<title>.*?</title>\n?", "", svg, flags=re.S)
    svg = re.sub(r'<g id="node\d+".*?</g>', _centred, svg, flags=re.S)
    width, height = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', svg).groups()
    svg = re.sub(r'<svg width="[\d.]+pt" height="[\d.]+pt"', f'<svg width="{float(width):.0f}" height="{float(height):.0f}" '
                 'role="img"', svg, count=1)
    ground = (f'<rect x="0.5" y="0.5" width="{float(width) - 1:.2f}" height="{float(height) - 1:.2f}" rx="10" '
              'fill="#FFFFFF" stroke="#DDDDDD"/>')
    return re.sub(r"(<svg[^>]*>)", rf"\1\n{ground}", svg, count=1)


def _centred(node) -> str:
    """A node's lines hang on its middle: where the reader's letters are wider than ours, they stand out on both sides alike."""
    corners = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", re.search(r' (?:d|points)="([^"]+)"', node.group()).group(1))]
    middle = (min(corners) + max(corners)) / 2
    return re.sub(r'<text text-anchor="start" x="[^"]+"', f'<text text-anchor="middle" x="{middle:.1f}"', node.group())


def _unmarked(svg: str) -> str:
    return re.sub(r"\A<!--.*?-->\n", "", svg)


def _mark(text: Path, svg: str) -> str:
    """The first line of a picture: where it comes from, the checksum of its text with the style, and that of the rest."""
    style = repr((GRAPH, NODE, EDGE, CLASSES, WIDEST))
    lines = "\n".join(text.read_text("utf-8").splitlines())
    made_of, made = (hashlib.sha256(part.encode()).hexdigest()[:16] for part in (style + lines, svg))
    return f"<!-- made by `kit.py build` from source/pictures/{text.name}: text {made_of}, picture {made} -->\n"
