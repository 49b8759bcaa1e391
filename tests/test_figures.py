"""The shared figures: what the plane shows, what it refuses, and that grey prints lose nothing."""
import matplotlib
import pandas as pd
import pytest

matplotlib.use("Agg")

from patternlab import events, figures  # noqa: E402


@pytest.fixture(scope="module")
def day():
    return events("departed", "2013-07-01..2013-07-01")


def texts(axes):
    return " ".join(text.get_text() for text in axes.texts)


def test_lost_reports_differ_in_shape_not_only_in_colour(day):
    axes = figures.plane(day, lost=[day[5]["key"], day[9]])
    kept, gone = (layer for layer in axes.collections)
    assert len(gone.get_offsets()) == 2 and len(kept.get_offsets()) == len(day) - 2
    assert len(kept.get_paths()[0].vertices) != len(gone.get_paths()[0].vertices)
    assert "2 lost" in texts(axes) and f"2 of {len(day)}" in axes.get_title(loc="left")


def test_the_watermark_is_a_step_line_that_never_turns_back(day):
    marks = [(day[200]["arrival"], day[100]["scheduled"]), (day[400]["arrival"], day[300]["scheduled"])]
    axes = figures.plane(day, watermark=marks)
    across, up = axes.lines[-1].get_data()
    assert list(across) == sorted(across) and list(up) == sorted(up) and "watermark" in texts(axes)


def test_a_long_log_is_cut_to_the_day_that_lost_most():
    week = events("departed", "2013-07-08..2013-07-14")
    lost = [report["key"] for report in week if report["scheduled"].startswith("2013-07-10T1")][:30]
    axes = figures.plane(week, lost=lost)
    left, right = (pd.Timestamp(matplotlib.dates.num2date(edge)).tz_localize(None) for edge in axes.get_xlim())
    assert right - left < pd.Timedelta(hours=26) and left < pd.Timestamp("2013-07-10T15") < right
    assert "10 July 2013" in axes.get_xlabel()


def test_an_empty_list_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.plane([])


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
