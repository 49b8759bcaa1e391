"""The picture of pattern 14: tables by layer, what they are made of, and where a tag has come."""
from graphlib import TopologicalSorter

import matplotlib.pyplot as plt
from matplotlib.patches import FancyBboxPatch

from ...figures import BLACK, BLUE, GREY, VERMILION

WIDE, HIGH = 0.33, 0.32                 # half of a box


def draw_lineage(edges, tagged, title: str):
    """Tables in columns, each to the right of all that it is made of; those with a tagged column in red. The axes.

    edges   {(source table, target table)}, without a circle
    tagged  {"table.column"}: the columns' names stand in their tables
    """
    sources = {}
    for source, target in edges:
        sources.setdefault(target, set()).add(source)
        sources.setdefault(source, set())
    layer = {}
    for table in TopologicalSorter(sources).static_order():
        layer[table] = max((layer[source] + 1 for source in sources[table]), default=0)
    for table in sorted(layer):                        # a source stands just before the first table that is made of it
        targets = [layer[target] for source, target in edges if source == table]
        if targets and not sources[table]:
            layer[table] = min(targets) - 1
    place = _places(layer, sources)
    most = max(map(len, _columns(layer)))
    ax = plt.subplots(figsize=(9.5, 1.1 * most + 0.6))[1]
    for source, target in edges:
        (x, y), (right, other) = place[source], place[target]
        ax.annotate("", (right - WIDE, other), (x + WIDE, y),
                    arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 1.4, "zorder": 0,
                                "shrinkA": 0, "shrinkB": 1})
    for table, (x, y) in place.items():
        mine = sorted(column.split(".")[1] for column in tagged if column.split(".")[0] == table)
        fill, edge, line = ("#FBE3D4", VERMILION, 2) if mine else ("white", BLUE, 1.2)
        ax.add_patch(FancyBboxPatch((x - WIDE, y - HIGH), 2 * WIDE, 2 * HIGH, boxstyle="round,pad=0,rounding_size=0.05",
                                    facecolor=fill, edgecolor=edge, linewidth=line))
        text = table + "".join(f"\n▸ {column}" for column in mine)
        ax.text(x, y, text, ha="center", va="center", fontsize=11, color=BLACK)
    ax.set(xlim=(-0.45, max(layer.values()) + 0.45), ylim=(-most / 2, most / 2), title=title)
    ax.axis("off")
    return ax


def _columns(layer) -> list:
    return [[table for table in sorted(layer) if layer[table] == number] for number in range(max(layer.values()) + 1)]


def _places(layer, sources) -> dict:
    """{table: (x, y)}: each column centred, its tables in the order of the mean height of what they are made of."""
    place = {}
    for x, column in enumerate(_columns(layer)):
        def height(table):
            known = [place[source][1] for source in sources[table] if source in place]
            return -sum(known) / len(known) if known else 0
        for number, table in enumerate(sorted(column, key=lambda table: (height(table), table))):
            place[table] = (x, (len(column) - 1) / 2 - number)
    return place
