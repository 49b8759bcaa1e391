# %% [markdown]
# # 00 Start here
#
# Sixteen ways to arrange data and the programs that move it. Each notebook builds one of them on real engines, breaks it on purpose, and proves what is left standing.
#
# ```mermaid
# flowchart LR
#     question["one question"] --> naive["the naive way:<br>right on six rows"] --> build["build it"] --> breakit["break it:<br>a real fault"] --> prove["prove it:<br>row by row"] --> measure["measure it:<br>what it costs"]
# ```

# %% [markdown]
# ## The map
#
# An arrow is a question that the first pattern leaves open and the next one takes up. Blue boxes are in your copy of the kit, the
# others are planned. The two cells draw it from the files that are there; you need not read them.

# %% tags=["step-places"]
PLACES = {"01 ETL": (0, 3), "02 ELT": (1, 3), "03 Medallion": (2, 3), "04 Star schema": (3, 3), "05 Data vault": (4, 3),
    "07 Windows": (0, 2), "08 CEP": (1, 2), "06 Lakehouse": (2, 2), "13 Data mesh": (3, 2), "14 Data fabric": (4, 2),
    "09 Lambda": (0, 1), "10 Kappa": (1, 1), "11 Event-driven": (2, 1), "12 CDC": (3, 1), "16 Real time": (4, 1),
    "15 Serverless": (2, 0)}
QUESTIONS = {"01 02": "may I change\nmy mind?", "02 03": "what may a\nreader rely on?", "03 04": "what is\none row?",
    "04 05": "and if sources\nkeep changing?", "01 07": "and if it\nnever ends?", "07 08": "what does an\norder mean?",
    "03 06": "how can files\nbe a table?", "04 13": "who answers\nfor it?", "13 14": "can metadata\ndo the work?",
    "07 09": "how to be fast\nand right?", "09 10": "can one program\ndo both?", "10 11": "is the log\nthe truth?",
    "11 12": "whose data-\nbase is it?", "12 16": "how old is\nthe number?", "11 15": "who runs it\nwhen idle?"}
print(f"{len(PLACES)} patterns, {len(QUESTIONS)} questions")

# %% tags=["figure-map"]
from matplotlib import pyplot as plt
from patternlab.engines.place import ROOT
from patternlab.figures import BLACK, BLUE, GREY
present = {file.name[:2] for file in (ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb")}
at, ax = {name[:2]: spot for name, spot in PLACES.items()}, plt.subplots(figsize=(13, 6.6))[1]
for pair, question in QUESTIONS.items():
    (x, y), (to_x, to_y) = at[pair[:2]], at[pair[3:]]
    across = y == to_y
    ax.annotate("", (to_x - 0.26 * across, to_y + 0.22 * (not across)), (x + 0.26 * across, y - 0.22 * (not across)),
                arrowprops={"arrowstyle": "-|>", "color": BLACK, "lw": 1.5})
    ax.text((x + to_x) / 2 + 0.05 * (not across), (y + to_y) / 2 + 0.05 * across, question, fontsize=10.5,
            style="italic", ha="center" if across else "left", va="bottom" if across else "center")
for name, (x, y) in PLACES.items():
    color, text, edge = (BLUE, "white", BLUE) if name[:2] in present else ("white", BLACK, GREY)
    ax.text(x, y, name.replace(" ", "\n", 1), ha="center", va="center", fontsize=12, weight="bold", color=text,
            bbox={"boxstyle": "round,pad=0.5", "fc": color, "ec": edge, "ls": "-" if name[:2] in present else "--"})
ax.set(xlim=(-0.4, 4.5), ylim=(-0.3, 3.3), xticks=[], yticks=[], frame_on=False,
       title=f"{len(present & set(at))} of {len(at)} patterns are here (blue); each arrow is a question");

# %% [markdown]
# ## How a notebook works
#
# Run the cells from the top with Shift+Enter. Every notebook has the same sections, so you can find your way: the promise in one minute, a toy
# you can count by hand, the naive way, the pattern in a few steps, one figure.
#
# Then it stops you twice. **Predict** asks for a guess before the answer is shown. **Break it** kills a broker, spoils a row or
# crashes a consumer, for real: some cells are meant to raise.

# %% [markdown]
# A claim in this kit is a line that runs. It names what must hold, counts it with the pattern, and compares with a second, independent count.
# Below, a proof that holds and one that does not:

# %% tags=["prove-conservation"]
from patternlab import prove, truth

day = truth("conservation", "day")
prove("every scheduled flight departed or was cancelled", day["departed"] + day["cancelled"], day["scheduled"])

# %% tags=["raises-exception", "break-claim"]
prove("every scheduled flight departed", day["departed"], day["scheduled"])

# %% [markdown]
# ## How a lab works
#
# A lab has blanks: `...`. Fill one, run its check. The check says in a sentence what is wrong, and shows a row; it never shows the answer.
# `lab.hint(1)` gives a direction, then the call. `lab.solution(1)` opens after your first real attempt.

# %% tags=["step-lab"]
from patternlab import Lab

lab = Lab("03-medallion")
lab.check(1, ...)
lab.progress()

# %% [markdown]
# ## A first pipeline in five cells
#
# **One: the engines.** A Kafka broker, a Spark session and an empty folder, started for this notebook alone. They end when its kernel ends.

# %% tags=["step-engines"]
import json
from kafka import KafkaProducer
from pyspark.sql import functions as F
from patternlab import events, kafka, replay, spark_session, workspace
spark, broker, lake = spark_session("00-start-here"), kafka(), workspace("00-start-here")
print(f"Kafka at {broker.bootstrap}")

# %% [markdown]
# **Two: the log.** One message per flight that left New York on one day, in the order in which they left.

# %% tags=["step-log"]
departures, producer = events("departed", "day"), KafkaProducer(bootstrap_servers=broker.bootstrap)
topic = broker.topic("departures-00")
sent = replay(departures, lambda event: producer.send(topic, json.dumps(event).encode()))
producer.close()
broker.peek(topic, 3)[["offset", "value"]].style.set_properties(**{"text-align": "left"}).hide(axis="index")

# %% [markdown]
# **Three: the table.** Spark reads the topic to its end, gives each message types, and appends to a Delta table.

# %% tags=["step-table"]
log = spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.bootstrap).option("subscribe", topic)
messages = log.option("startingOffsets", "earliest").load().select(F.from_json(
    F.col("value").cast("string"), "key STRING, scheduled TIMESTAMP, origin STRING, dep_delay DOUBLE").alias("flight"))
query = (messages.select("flight.*").writeStream.format("delta").option("checkpointLocation", str(lake / "checkpoint"))
         .trigger(availableNow=True).start(str(lake / "departures")))
query.awaitTermination(120)
table = spark.read.format("delta").load(str(lake / "departures"))
table.orderBy("scheduled", "key").limit(3).toPandas()

# %% [markdown]
# **Four: the proof.** The table against the published data, counted in plain pandas.

# %% tags=["prove-first-table"]
prove("every departure is in the table", table.select("key").distinct().count(), day["departed"])
prove("and nothing else is", table.count(), sent)

# %% [markdown]
# **Five: the chart.** The median delay of the flights planned for each hour.

# %% tags=["figure-first"]
from patternlab.figures import finish, label

hours = table.groupBy(F.hour(F.from_utc_timestamp("scheduled", "America/New_York")).alias("hour")).agg(
    F.expr("median(dep_delay)").alias("typical"), F.count("*").alias("flights"))
hours = hours.where("flights >= 5").orderBy("hour").toPandas()
ax = plt.subplots(figsize=(9, 4))[1]
ax.plot(hours.hour, hours.typical, marker="o")
ax.set_xticks(hours.hour[::2])
latest = hours.loc[hours.typical.idxmax()]
label(ax, latest.hour, latest.typical, f"{latest.typical:,.0f} min", xytext=(8, 4))
finish(ax, f"A typical flight planned for {latest.hour:.0f}:00 left {latest.typical:,.0f} minutes late",
       "planned hour of departure (New York)", "median delay (minutes)");

# %% [markdown]
# ## Where to go
#
# | you want to | read | then do |
# |---|---|---|
# | trust a table | 03 Medallion | lab 03 |
# | model for questions | 04 Star schema | lab 04 |
# | count a stream | 07 Stream windowing | lab 07 |
# | follow somebody's database | 12 Change data capture | lab 12 |
#
# Half an hour: one notebook, from *In one minute* to *Break it*. An hour: the whole notebook, with every prediction written down first. Half a day: two notebooks and their labs. If
# the words Kafka and Spark are new to you, begin with 03.

# %% [markdown]
# The data: every flight that left New York's three airports in 2013, with the weather, in [nycflights13](https://cran.r-project.org/package=nycflights13) (CC0). Nothing in it was made up for you, except where a
# notebook says that it injects a fault. A smaller or larger part of the year: set `PATTERNLAB_SLICE` to `day`, `week`, `year` or `2013-10-28..2013-11-03`.
#
# Something does not start? `python3 kit.py doctor` says what is wrong and the one thing to do.
