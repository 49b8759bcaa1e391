"""The shared figures: what the plane shows, what it refuses, and that grey prints lose nothing."""
from datetime import date

import matplotlib
import pandas as pd
import pytest

matplotlib.use("Agg")

from patternlab import bars, events, figures, lines, look, plane, steps, timeline, waterfall  # noqa: E402


@pytest.fixture(scope="module")
def day():
    return events("departed", "2013-07-01..2013-07-01")


def texts(axes):
    return " ".join(text.get_text() for text in axes.texts)


def test_lost_reports_differ_in_shape_not_only_in_colour(day):
    axes = plane(day, lost=[day[5]["key"], day[9]])
    kept, gone = (layer for layer in axes.collections)
    assert len(gone.get_offsets()) == 2 and len(kept.get_offsets()) == len(day) - 2
    assert len(kept.get_paths()[0].vertices) != len(gone.get_paths()[0].vertices)
    assert "2 lost" in texts(axes) and f"2 of {len(day)}" in axes.get_title(loc="left")


def test_the_watermark_is_a_step_line_that_never_turns_back(day):
    marks = [(day[200]["arrival"], day[100]["scheduled"]), (day[400]["arrival"], day[300]["scheduled"])]
    axes = plane(day, watermark=marks)
    across, up = axes.lines[-1].get_data()
    assert list(across) == sorted(across) and list(up) == sorted(up) and "watermark" in texts(axes)


def test_a_long_log_is_cut_to_the_day_that_lost_most():
    week = events("departed", "2013-07-08..2013-07-14")
    lost = [report["key"] for report in week if report["scheduled"].startswith("2013-07-10T1")][:30]
    axes = plane(week, lost=lost)
    left, right = (pd.Timestamp(matplotlib.dates.num2date(edge)).tz_localize(None) for edge in axes.get_xlim())
    assert right - left < pd.Timedelta(hours=26) and left < pd.Timestamp("2013-07-10T15") < right
    assert "10 July 2013" in axes.get_xlabel()


def test_an_empty_list_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="nothing to draw"):
        plane([])


def test_lines_differ_by_dash_and_grey_value():
    figures.style()
    entries = list(matplotlib.rcParams["axes.prop_cycle"])
    assert len({str(entry["linestyle"]) for entry in entries}) == len(entries)


def test_finish_separates_thousands():
    axes = matplotlib.pyplot.subplots()[1]
    axes.plot([0, 1], [0, 5000])
    figures.finish(axes, "t", "x (min)", "y (reports)")
    axes.figure.canvas.draw()
    assert "5,000" in [label.get_text() for label in axes.get_yticklabels()]


def hatched(axes):
    return [patch for patch in axes.patches if patch.get_hatch()]


def test_bars_are_in_the_given_order_and_each_says_its_number():
    axes = bars({"EWR": 24951.0, "held: no hour": 12}, "12 are held back", "messages", log=True, hatch=["held: no hour"])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["EWR", "held: no hour"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the first is on top"
    assert {"24,951", "12"} <= {text.get_text() for text in axes.texts} and axes.get_xscale() == "log"
    assert len(hatched(axes)) == 1 and axes.get_title(loc="left") == "12 are held back" and axes.get_xlabel() == "messages"


def test_bars_of_groups_stand_beside_each_other_and_a_null_is_no_bar():
    frame = pd.DataFrame({"right": [5, 3], "never seen": [4, None]}, index=["1 July", "2 July"])
    axes = bars(frame, "t", "versions")
    assert [patch.get_width() for patch in axes.patches] == [5, 3, 4]
    assert len({patch.get_y() for patch in axes.patches}) == 3 and "never seen" in texts(axes) and "right" in texts(axes)
    assert len(bars({"a": {"x": 1}, "b": {"x": 2}}, "t", "n", hatch=["b"]).patches) == 2


def test_a_negative_bar_has_its_number_on_its_own_side():
    axes = bars({"lost": -30, "won": 10}, "t", "rows")
    left, right = axes.get_xlim()
    assert left < -30 and right > 10 and "-30" in texts(axes)


def test_lines_are_named_at_their_ends_and_apart():
    axes = lines({"batch": pd.Series([1, 2, 3.0]), "merged": ([0, 1, 2], [1, 2, 3.01])}, "t", "x (h)", "y", marks={1: "crash"})
    names = [text for text in axes.texts if text.get_text() in ("batch", "merged")]
    heights = [text.get_window_extent().y0 for text in names]
    assert len(names) == 2 and abs(heights[0] - heights[1]) >= 10 and "crash" in texts(axes)
    assert len({str(line.get_linestyle()) for line in axes.lines[:2]}) == 2


@pytest.mark.parametrize("number, ticks", [(1, ["2013-07-01"]), (28, ["05", "09"])])
def test_days_are_named_short_and_one_day_is_a_point(number, ticks):
    days = [date(2013, 7, day) for day in range(1, number + 1)]
    axes = lines({"missed": pd.Series(range(number), days)}, "t", "day", "flights")
    axes.figure.canvas.draw()
    said = [tick.get_text() for tick in axes.get_xticklabels()]
    assert set(ticks) <= set(said) and len(said) <= 9
    assert (axes.lines[0].get_marker() == "o") == (number == 1)


def test_steps_hold_a_value_until_the_next():
    axes = steps({"v1": pd.Series([1, 4], index=pd.to_datetime(["2013-07-01", "2013-07-02"]))}, "t", "time (UTC)", "lag")
    assert axes.lines[0].get_drawstyle() == "steps-post"


def test_whole_numbers_have_whole_ticks():
    axes = steps({"60 min": pd.Series(range(19))}, "windows kept", "micro-batch", "windows")
    axes.figure.canvas.draw()
    assert all(tick == round(tick) for tick in axes.get_xticks())


def test_a_waterfall_ends_in_what_is_left():
    axes = waterfall({"extracted": 100, "rejected by the clock": -3, "found again": 1}, "t", "rows", left="loaded")
    assert [round(patch.get_height()) for patch in axes.patches] == [100, -3, 1, 98] and len(hatched(axes)) == 1
    assert "98" in texts(axes) and axes.get_xticklabels()[-1].get_text() == "loaded"


def test_a_timeline_has_a_lane_for_each_name():
    flown = [("N1", "2013-07-01T10:00", "2013-07-01T11:00", "UA 1"), ("N2", "2013-07-01T10:30", "2013-07-01T12:00", "UA 2")]
    axes = timeline(flown, "t", "UTC", points=[("N1", "2013-07-01T10:50", "late")])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["N1", "N2"] and "late" in texts(axes)
    assert timeline([("job", 0, 2.5, "run")], "t", "seconds").get_xlabel() == "seconds"


@pytest.mark.parametrize("draw", [lambda: bars({}, "t", "x"), lambda: lines({}, "t", "x", "y"), lambda: timeline([], "t", "x"),
                                  lambda: waterfall({"all": 1}, "t", "rows")])
def test_a_figure_of_nothing_is_refused_in_a_sentence(draw):
    with pytest.raises(ValueError, match="nothing to draw|no lines to draw|needs the total"):
        draw()


def test_look_shows_what_a_reader_can_read():
    row = {"key": "x" * 200, "n": 1234567, "mean": 3.14159, "none": None, "value": b"bytes <b>", "on": True}
    shown, plain = look([row])._repr_html_(), repr(look([row]))
    assert "1,234,567" in shown and "3.1<" in shown and "x" * 117 + "..." in shown and "null" in shown
    assert "bytes &lt;b&gt;" in shown and "True" in shown and "1,234,567" in plain and "bytes <b>" in plain
    assert len(look(pd.DataFrame({"a": range(50)}), rows=3).data) == 3
    assert list(look(pd.Series([1, 2], index=pd.Index(["EWR", "JFK"], name="origin"), name="n")).data.columns) == ["origin", "n"]
    assert list(look(pd.DataFrame({"a": [1]}, index=["before"])).data.columns) == ["", "a"]
    assert "overflow-wrap: anywhere" in shown, "a long word makes no scroll bar"
    assert "30447952" in repr(look([{"source.lsn": 30447952}]))
    dates = repr(look(pd.DataFrame({"scheduled_date_key": [20130201], "year": [2013.0], "flights": [20130]})))
    assert "20130201" in dates and "2013 " in dates + " " and "20,130" in dates and "2,013" not in dates, "a year is no quantity"
