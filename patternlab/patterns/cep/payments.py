"""Made card payments: ordinary life of some cards, and card testing in a few. datasets/make.py writes them, lab 08 makes few.

Card testing: a thief tries a stolen card with small payments within a minute, then buys for much. What looks like it and
is not: a spree at a vending machine (small payments, no large one), a large one long after it. A few thieves are patient.
"""
import random
from datetime import datetime, timedelta, timezone

START, DAYS = datetime(2013, 7, 8, tzinfo=timezone.utc), 7
SMALL, LARGE = 5.0, 200.0                          # dollars: a test is at most the one, what follows at least the other


def payments(cards=2_000, authorisations=100_000, seed=7, fraud=150, bait=300, days=DAYS) -> tuple:
    """(rows, labels): (id, card, at, amount) in order of `at` (UTC), amount in dollars; the ids of the frauds' large ones."""
    draw, rows = random.Random(seed), []
    names = [f"card-{number:04}" for number in range(cards)]
    weights = [draw.paretovariate(1.5) for _ in names]             # a few cards pay very often

    def moment():
        return START + timedelta(seconds=round(draw.uniform(0, days * 86_400 - 7_200), 3))

    for kind in ["fraud"] * fraud + ["bait"] * bait:
        rows += _spree(kind, draw, draw.choice(names), moment())
    for card in draw.choices(names, weights, k=authorisations - len(rows)):
        rows.append((card, moment(), round(min(2_000.0, draw.lognormvariate(3.2, 1.1)), 2), "ordinary"))
    rows.sort(key=lambda row: row[1])
    named = [(f"p{number:06}", *row) for number, row in enumerate(rows)]
    return [row[:4] for row in named], {row[0] for row in named if row[4] == "fraud"}


def _spree(kind, draw, card, at) -> list:
    """Three to six small payments from `at` on, and what follows: (card, at, amount, label)."""
    rows, small = [], draw.randint(3, 6)
    patient = draw.random() < 0.1                                  # tests over minutes: a rule of one minute misses it
    gap = 16 if kind == "fraud" and not patient else 50
    for _ in range(small):
        rows.append((card, at, round(draw.uniform(0.5, SMALL), 2), "ordinary"))
        at += timedelta(seconds=round(draw.uniform(0.4 * gap, gap), 3))
    if kind == "fraud":
        after = timedelta(seconds=round(draw.uniform(5, 200), 3))
        rows.append((card, at + after, round(draw.uniform(LARGE, 900), 2), "fraud"))
    elif draw.random() < 0.5:                                      # honest: a large one well afterwards, seldom soon
        wait = draw.uniform(20, 280) if draw.random() < 0.15 else draw.uniform(400, 4_000)
        rows.append((card, at + timedelta(seconds=round(wait, 3)), round(draw.uniform(LARGE, 900), 2), "ordinary"))
    return rows
