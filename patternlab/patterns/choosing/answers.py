"""Answers of pattern 17: in one form, compared by departures, added up; and how many lines of code made one."""
import inspect

import pandas as pd

COLUMNS = ["hour", "origin", "departures", "mean_delay"]


def lines(functions) -> int:
    """Lines of code of some functions without empty ones, with those of the texts (SQL of several lines) that they name."""
    texts = {}
    for function in functions:
        texts[function.__name__] = inspect.getsource(function)
        named = {name: function.__globals__.get(name) for name in function.__code__.co_names}
        texts |= {name: text for name, text in named.items() if isinstance(text, str) and "\n" in text}
    return sum(bool(line.strip()) for text in texts.values() for line in text.splitlines())


def plain(answer: pd.DataFrame) -> pd.DataFrame:
    """An answer as everybody's is compared: COLUMNS, in order of hour and origin, hours in UTC."""
    answer = answer[COLUMNS].assign(hour=pd.to_datetime(answer.hour, utc=True), departures=answer.departures.astype(int),
                                    mean_delay=answer.mean_delay.astype(float))
    return answer.sort_values(COLUMNS[:2], ignore_index=True)


def off(answer: pd.DataFrame, right: pd.DataFrame) -> tuple:
    """(departures too few, too many) of an answer, each summed over its cells."""
    here, there = (frame.assign(hour=pd.to_datetime(frame.hour, utc=True)).set_index(COLUMNS[:2]) for frame in (answer, right))
    too_many = here.departures.sub(there.departures, fill_value=0)
    return int(-too_many.clip(upper=0).sum()), int(too_many.clip(lower=0).sum())


def totals(answers: dict) -> pd.DataFrame:
    """{name: answer}: a row each, with all its departures and their mean delay in minutes."""
    rows = [(name, answer.departures.sum(), (answer.departures * answer.mean_delay).sum() / answer.departures.sum())
            for name, answer in answers.items()]
    return pd.DataFrame(rows, columns=["answer", "departures", "mean delay, minutes"])
