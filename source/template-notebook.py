# %% [markdown] signature=["in seen", "seen.add("]
# # 99 The template: how do you count each report once?
#
# Copy this file to `source/notebooks/NN-slug.py`; every section and every rule of a notebook is in it. The title cell
# names the calls that make the pattern (`signature=[...]`): a test wants each of them in a code cell.
#
# ![A report whose key was seen before is dropped, every other one goes into the table](pictures/template-notebook.svg)

# %% [markdown]
# ## In one minute
#
# | | |
# |---|---|
# | **Promise** | a report that comes twice counts once |
# | **Price** | every key ever seen is kept |
# | **When not** | keys are unbounded and nobody can say how late a copy may be |

# %% [markdown]
# ## Set up
#
# At most six lines. Names come from `patternlab`; the pattern itself never does.

# %% tags=["setup"]
import pandas
from patternlab import bars, crash_after, dataset, events, faults
from patternlab import look, measure, prove, scoreboard

departures = events("departed", "day")
print(f"{len(departures):,} departures")

# %% [markdown]
# ## Look at the data
#
# First a toy that fits on a hand. Three reports, one of them sent twice:

# %% tags=["look-toy"]
toy = [
    {"key": "UA 1", "dep_delay": 5},
    {"key": "DL 2", "dep_delay": -2},
    {"key": "UA 1", "dep_delay": 5},
]

look(toy)

# %% [markdown]
# Then the real thing, with one report in twenty sent twice. A sentence after each picture says what to see in it: here,
# that the copy is equal in every column, so nothing inside the row tells the two apart.

# %% tags=["look-real"]
log = faults.duplicated(departures, share=0.05)
look(pandas.DataFrame(log)[["key", "arrival", "dep_delay"]])

# %% [markdown]
# ## The naive way
#
# Count what comes. A list of the reports that are known to be there makes the toy right.

# %% tags=["step-naive-toy"]
def count_all(reports):
    return len(reports)


count_all(toy[:2])

# %% [markdown]
# On real data the same line counts every copy. The truth comes from the published table, by another road.

# %% tags=["step-naive-real"]
departed = int(pandas.read_parquet(dataset("flights", "day")).dep_time.notna().sum())
print(f"counted {count_all(log):,}, departed {departed:,}")

# %% [markdown]
# ## Build it
#
# Three to five steps. Each one says why in at most sixty words, shows one idea in short lines, and ends in a look.

# %% [markdown]
# ### Step 1: remember keys
#
# A set holds what was seen. The key says what the report is about, not when it came.

# %% tags=["step-remember"]
def count_once(reports, seen):
    for report in reports:
        if report["key"] in seen:
            continue
        seen.add(report["key"])
    return len(seen)


count_once(toy, set())

# %% [markdown]
# The toy has two flights, and that is what it says.

# %% tags=["step-real"]
seen = set()
count_once(log, seen)

# %% [markdown]
# ### Step 2: keep the rows, not only their number
#
# A count alone can't be compared row by row. Keep the first report of each key.

# %% tags=["step-rows"]
def first_of_each(reports):
    table = {}
    for report in reports:
        table.setdefault(report["key"], report)
    return list(table.values())


look(first_of_each(toy))

# %% tags=["step-rows-real"]
table = first_of_each(log)
len(table)

# %% [markdown]
# ### Step 3: survive a restart
#
# A consumer that starts again reads part of the log again. The memory must outlive it.

# %% tags=["step-restart"]
memory = set()
before = count_once(log[:500], memory)
after = count_once(log[300:], memory)

print(f"before the restart {before:,}, after it {after:,}")

# %% [markdown]
# The second number is the whole day, although two hundred reports were read twice.

# %% tags=["step-memory"]
print(f"{len(memory):,} keys in memory")

# %% [markdown]
# ## See it
#
# One figure, one call. Its title states the finding; axes have units; it reads without colour.

# %% tags=["figure-copies"]
counts = {"as they came": len(log), "each once": len(table), "departed": departed}

title = f"{len(log) - len(table)} copies would have been counted"

bars(counts, title, "reports", hatch=["as they came"]);

# %% [markdown]
# ## Predict
#
# How many keys would be kept after a year? Write your guess down before you go on. Nobody grades it.

# %% tags=["predict"]
guess = 300_000
print(f"your guess: {guess:,}")

# %% [markdown]
# ## Break it
#
# Stop the consumer in the middle. A cell that must raise has the tags `raises-exception` and `break-<slug>`: a test
# asks for the error.

# %% tags=["raises-exception", "break-crash"]
stop = crash_after(100)
kept = set()

for report in log:
    kept.add(report["key"])
    stop()

# %% [markdown]
# The memory holds what was read until then, and nothing was counted twice.

# %% tags=["break-halfway"]
len(kept)

# %% [markdown]
# Now lose the memory and go on from the middle. A cell that only prepares what the next one shows is plumbing: the tag
# `fold` folds its code away, and its output stays. Its first line is all that a reader sees: let it say what is folded.

# %% tags=["fold"]
# the log as two consumers read it, one before the restart and one after it
half = len(log) // 2
morning, evening = log[:half], log[half - 50:]

print(f"two parts, {len(morning):,} and {len(evening):,} reports; they share the reports around the restart")

# %% tags=["break-forgotten"]
forgotten = count_once(morning, set()) + count_once(evening, set())

print(f"{forgotten - departed} counted twice")

# %% [markdown]
# The sum of the two parts is too large. Keep the memory, and it is right again:

# %% tags=["break-repaired"]
both = set()
count_once(morning, both)
count_once(evening, both)

print(f"with the memory kept: {len(both) - departed} counted twice")

# %% [markdown]
# ## Looks right, not so fast
#
# Dropping neighbours that are equal gives the same number here, because a copy follows at once. Let copies come later:

# %% tags=["step-not-so-fast"]
later = faults.duplicated(departures, share=0.05, minutes=30)
changes = sum(one["key"] != other["key"] for one, other in zip(later, later[1:]))

print(f"{changes + 1:,} by comparing neighbours, {departed:,} departed")

# %% [markdown]
# ## Prove it
#
# Only `prove(...)` lines, one tag a cell. The expected side comes from an independent truth.

# %% tags=["prove-once"]
prove("every departure is counted once", len(seen), departed)

# %% tags=["prove-late-copies"]
prove("a late copy changes nothing", count_once(later, set()), departed)

# %% [markdown]
# ## Measure it
#
# One row into the scoreboard, one plot.

# %% tags=["step-measure"]
with measure("each once") as measured:
    measured.rows = count_once(log, set())

# %% tags=["figure-scoreboard"]
scoreboard()

# %% [markdown]
# ## When not, and the neighbours
#
# | pattern | differs in | choose it when |
# |---|---|---|
# | idempotent write | the table refuses the copy | the sink has keys |
# | watermark | forgets old keys | copies come within a known time |

# %% [markdown]
# ## Check yourself
#
# 1. What makes two reports the same? <details><summary>Answer</summary>Their key.</details>
# 2. What must outlive a crash? <details><summary>Answer</summary>The set of keys.</details>
# 3. Why not compare neighbours? <details><summary>Answer</summary>A copy may come later.</details>
# 4. From an earlier notebook: what is an offset? <details><summary>Answer</summary>A position in a partition.</details>
# 5. From an earlier notebook: what is a commit? <details><summary>Answer</summary>All of a write, or none.</details>

# %% [markdown]
# ## Go on
#
# Do it yourself: the lab of this pattern (`../labs/NN-slug.ipynb`). What this lesson left out: the deeper notebook
# (`NN-slug-deeper.ipynb`), where there is one. Then three to six sources, the primary ones first:
#
# - Pat Helland, [Idempotence Is Not a Medical Condition](https://queue.acm.org/detail.cfm?id=2187821)
# - Apache Kafka, [Message delivery semantics](https://kafka.apache.org/documentation/#semantics)
# - [nycflights13](https://cran.r-project.org/package=nycflights13): the data
