"""The map of all patterns, for `build`: source/pictures/map.json becomes a picture, and the lists in notebook 00 and README.md.

Links inside of a picture that a page shows as an image do nothing, so the lists have them.
"""
import json
import re
import textwrap
from html import escape

from ..engines.place import ROOT
from .pictures import BLACK, BLUE, FONT, GREY

DATA = ROOT / "source" / "pictures" / "map.json"
PICTURE = ROOT / "notebooks" / "pictures" / "map.svg"
README = ROOT / "README.md"
PLACE, WHERE = "{{map}}", "{{where}}"      # these lines of a notebook's text become the list, and the table of wants
BEGIN, END = "<!-- the list: made by `kit.py build` from source/pictures/map.json -->", "<!-- end of the list -->"
WIDE, HIGH = 198, 130                      # from one place on the map to the next
BOX = 112, 62                              # a pattern's box
LEFT, TOP = 14, 34                         # of the first place: a family's name stands above it
TINTS = {"batch": "#F3F7FA", "streams": "#F7F4F8", "platform": "#F3F8F5", "events": "#FAF6F1", "choice": "#F6F6F6"}


def load() -> dict:
    """What map.json holds."""
    return json.loads(DATA.read_text("utf-8"))


def wrong(slugs) -> list:
    """What the map says of the kit and is not so, in sentences; `slugs` are the notebooks that have a source."""
    known = {f"{one['number']}-{one['slug']}": one["here"] for one in load()["patterns"]}
    said = []
    for slug in sorted({slug for slug in slugs if not slug.startswith("00-")} | set(known)):
        lesson = slug.removesuffix("-deeper")
        if lesson not in known:
            said.append(f"{slug} has a source and no line in {DATA.relative_to(ROOT)}: write one.")
        elif slug == lesson and known[slug] != (slug in slugs):
            said.append(f"{slug}: {DATA.relative_to(ROOT)} says \"here\": {json.dumps(known[slug])}, and "
                        f"its notebook {'is not there' if known[slug] else 'is there'}; correct it.")
    return said


# --- the lists

def listed(folder: str = "") -> str:
    """All patterns as a table with links; they are relative to `folder` ("" is README's, "notebooks" that of notebook 00)."""
    rows = ["| | question | lab | more |", "|---|---|---|---|"]
    rows += [_row(one, folder) for one in [load()["tour"]][bool(folder):] + load()["patterns"] if one.get("here", True)]
    planned = [f"{one['number']} {one['name']}" for one in load()["patterns"] if not one["here"]]
    if planned:
        rows += ["", f"Planned, and not there yet: {', '.join(planned)}."]
    return "\n".join(rows)


def _row(one: dict, folder: str) -> str:
    slug, up = f"{one['number']}-{one['slug']}", "../" if folder else ""
    there = "" if folder else "notebooks/"
    lab = f"[lab]({up}labs/{slug}.ipynb)" if (ROOT / "source" / "labs" / f"{slug}.py").exists() else ""
    deeper = (f"[deeper]({there}{slug}-deeper.ipynb)"
              if (ROOT / "source" / "notebooks" / f"{slug}-deeper.py").exists() else "")
    return f"| [{one['number']} {one['name']}]({there}{slug}.ipynb) | {one['question']} | {lab} | {deeper} |"


def wants() -> str:
    """What a learner may want, and the notebook and the lab for it: a table for notebook 00."""
    data = load()
    rows = ["| you want to | read | then do |", "|---|---|---|"]
    for one in data["patterns"]:
        if one["here"]:
            number = one["number"]
            lab = f"lab {number}" if (ROOT / "source" / "labs" / f"{number}-{one['slug']}.py").exists() else ""
            rows.append(f"| {data['wants'][number]} | {number} {one['name']} | {lab} |")
    return "\n".join(rows)


def readme(text: str) -> str:
    """README.md with the list of today between its two marks."""
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{listed()}\n{END}", text, flags=re.S)


# --- the picture

def draw(link=None) -> str:
    """The map as SVG: a box for a pattern, filled when it is there; an arrow for the question that leads to the next one.

    `link(line of map.json)` is where a pattern's box leads, "" for nowhere: a page that holds the map itself can be clicked.
    """
    data = load()
    at = {one["number"]: one for one in data["patterns"]}
    columns, rows = (max(one["at"][axis] for one in at.values()) for axis in (0, 1))
    width = 2 * LEFT + (columns + 1) * WIDE - (WIDE - BOX[0]) + 12
    height = TOP + (rows + 1) * HIGH
    parts = [f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10" fill="#FFFFFF" stroke="#DDDDDD"/>']
    for family, name in data["families"].items():
        parts += _family(family, name, [one["at"] for one in at.values() if one["family"] == family])
    for begin, end, question in data["arrows"]:
        parts += _arrow(at[begin]["at"], at[end]["at"], question)
    for one in at.values():
        where = link(one) if link else ""
        parts += [f'<a href="{escape(where)}">', *_box(one), "</a>"] if where else _box(one)
        if not any(one["number"] in arrow[:2] for arrow in data["arrows"]):        # what takes up all says so beside its box
            x, y = _corner(one["at"])
            lines = textwrap.wrap(one["question"], 28)
            first = y + BOX[1] / 2 - 7.5 * (len(lines) - 1) + 4
            parts += [_text(x + BOX[0] + 16, first + 15 * n, line, 12.5, anchor="start") for n, line in enumerate(lines)]
    here = sum(one["here"] for one in at.values())
    if here < len(at):
        parts.append(_text(width - LEFT - 4, height - 14, f"{here} of {len(at)} are here: the filled boxes", 13, anchor="end"))
    return "\n".join([f"<!-- made by `kit.py build` from {DATA.relative_to(ROOT).as_posix()} -->",
                      f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
                      'xmlns="http://www.w3.org/2000/svg">', *parts, "</svg>", ""])


def _corner(at) -> tuple:
    return LEFT + 6 + at[0] * WIDE, TOP + 12 + at[1] * HIGH


def _family(family, name, places) -> list:
    """A family's ground, from its first place to its last, with its name in the corner."""
    first = _corner([min(place[0] for place in places), min(place[1] for place in places)])
    last = _corner([max(place[0] for place in places), max(place[1] for place in places)])
    x, y = first[0] - 8, first[1] - 26
    return [f'<rect x="{x}" y="{y}" width="{last[0] + BOX[0] + 8 - x}" height="{last[1] + BOX[1] + 10 - y}" rx="8" '
            f'fill="{TINTS[family]}"/>', _text(first[0], first[1] - 9, name, 13, fill="#5F5F5F", anchor="start", weight="bold")]


def _box(one) -> list:
    x, y = _corner(one["at"])
    fill, edge, ink = (BLUE, BLUE, "#FFFFFF") if one["here"] else ("#FFFFFF", GREY, BLACK)
    dashes = "" if one["here"] else ' stroke-dasharray="5 3"'
    lines = [one["number"], *textwrap.wrap(one["name"], 13)]
    size = 15 if len(lines) < 3 else 14
    parts = [f'<rect x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="8" fill="{fill}" stroke="{edge}" '
             f'stroke-width="1.4"{dashes}/>']
    return parts + _lines(x + BOX[0] / 2, y + BOX[1] / 2, lines, size, fill=ink, weight="bold")


def _arrow(begin, end, question) -> list:
    """Along the row or down the column, its question above or beside it."""
    (x, y), (to_x, to_y) = _corner(begin), _corner(end)
    if begin[1] == end[1]:
        tail, head, level = x + BOX[0] + 3, to_x - 3, y + BOX[1] / 2
        lines = textwrap.wrap(question, 13)
        words = _lines((tail + head) / 2 - 2, level - 5 - 7.5 * len(lines), lines, 12.5)
        return [*words, _line(tail, level, head - 8, level),
                f'<path d="M{head},{level} l-9,-4 v8 z" fill="{BLACK}"/>']
    tail, head, middle = y + BOX[1] + 3, to_y - 3, x + BOX[0] - 26
    words = [_text(middle + 9, (tail + head) / 2 + 1, question, 12.5, anchor="start")]
    return [*words, _line(middle, tail, middle, head - 8), f'<path d="M{middle},{head} l-4,-9 h8 z" fill="{BLACK}"/>']


def _line(x, y, to_x, to_y) -> str:
    return f'<path d="M{x},{y} L{to_x},{to_y}" fill="none" stroke="{BLACK}" stroke-width="1.4"/>'


def _lines(x, y, lines, size, **how) -> list:
    """Lines of text around the middle (x, y)."""
    step = size * 1.2
    first = y - step * (len(lines) - 1) / 2 + size * 0.35
    return [_text(x, first + n * step, line, size, **how) for n, line in enumerate(lines)]


def _text(x, y, text, size, fill=BLACK, anchor="middle", weight="normal") -> str:
    return (f'<text x="{x:g}" y="{y:.1f}" text-anchor="{anchor}" font-family="{FONT}" font-size="{size}" '
            f'font-weight="{weight}" fill="{fill}">{escape(text)}</text>')
