"""`look`: a table as a reader wants it, in JupyterLab and as text."""
import html
import re

import numpy as np
import pandas as pd

LONGEST = 120              # letters of a text
NAMES = re.compile(r"(.*[_.])?(year|key|id|flight|number|offset|lsn|version)", re.I)      # of columns whose numbers are names


class Table:
    """What look() returns: `data` is the frame that it shows."""

    def __init__(self, data, text):
        self.data, self._text = data, text

    def _repr_html_(self):
        left = [name for name in self.data.columns if not pd.api.types.is_numeric_dtype(self.data[name])]
        heads = [{"selector": f"th.col{self.data.columns.get_loc(name)}", "props": "text-align: left"} for name in left]
        styled = self.data.style.hide(axis="index")
        for name in self.data.columns:
            styled = styled.format(lambda value, name=name: html.escape(_said(value, self._text, name)), subset=[name])
        # a message of JSON without a space is one word, and the page is narrower
        texts = {"text-align": "left", "overflow-wrap": "anywhere"}
        return styled.set_properties(subset=left, **texts).set_table_styles(heads).to_html()

    def __repr__(self):
        columns = {name: self.data[name].map(lambda value, name=name: _said(value, self._text, name)) for name in self.data}
        return pd.DataFrame(columns).to_string(index=False)


def look(frame, rows: int = 8, text: str = "{:,.1f}") -> Table:
    """The first rows of a table, to be read: no index, text to the left, thousands separators, long texts cut at 120 letters.

    Whole numbers have no separators in a column called year, key, id, flight, number, offset, lsn or version (or origin_key,
    source.lsn): there they are names.

    frame  a pandas frame or Series, a Spark frame, or a list of dicts; an index with a name, or of texts, becomes a column
    text   how numbers with a fraction are written, as for str.format
    """
    if hasattr(frame, "toPandas"):
        frame = frame.limit(rows).toPandas()
    elif isinstance(frame, pd.Series):
        frame = frame.to_frame()
    elif not isinstance(frame, pd.DataFrame):
        frame = pd.DataFrame(list(frame))
    frame = frame.head(rows)
    named = any(frame.index.names) or not pd.api.types.is_integer_dtype(frame.index)
    return Table(frame.reset_index(names=None if any(frame.index.names) else "") if named else frame, text)


def _said(value, text, column) -> str:
    """One cell of a column."""
    if isinstance(value, (list, tuple, dict, np.ndarray)):
        value = str(value)
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST - 3] + "..."
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return "null"
    if isinstance(value, (bool, np.bool_)):
        return str(value)
    if isinstance(value, (float, np.floating)) and value != int(value):
        return text.format(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        return f"{value:.0f}" if NAMES.fullmatch(str(column)) else f"{value:,.0f}"
    return str(value)
