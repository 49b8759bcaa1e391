# %% [markdown]
# # 00 Start here
#
# Sixteen ways to arrange data and the programs that move it. Each notebook builds one of them on real engines, breaks it
# on purpose, and proves what is left standing. The seventeenth helps you to choose.
#
# ![Sixteen patterns in four families, and the choice; an arrow is a question that one leaves open and the next takes up](pictures/map.svg)

# %% [markdown]
# ## The map
#
# Follow an arrow from a pattern you know: its question is what the next one answers. *Choosing* takes up all of them: it
# puts one question to many. Open them here:
#
# {{map}}

# %% [markdown]
# ## How a notebook works
#
# Run the cells from the top with Shift+Enter. Every notebook has the same sections, so you can find your way: the promise
# in one minute, a toy you can count by hand, the naive way, the pattern in a few steps, one figure.
#
# The first cell of code brings in all that the notebook uses. Here it also asks for one day's published numbers:

# %% tags=["setup"]
from pyspark.sql import functions as F
from patternlab import Lab, events, kafka, lines, look
from patternlab import prove, spark_session, truth, workspace

day = truth("conservation", "day")
day

# %% [markdown]
# A claim in this kit is a line that runs. It says what must hold, and compares what was counted with a second,
# independent count. Below, one that holds:

# %% tags=["prove-conservation"]
accounted = day["departed"] + day["cancelled"]

prove("every scheduled flight departed or was cancelled", accounted, day["scheduled"])

# %% [markdown]
# Twice a notebook stops you. **Predict** asks for your guess before the answer is shown. **Break it** kills a broker, spoils
# a row or crashes a consumer, for real. Some cells are meant to raise, and the next one is such a cell: it claims too much.

# %% tags=["raises-exception", "break-claim"]
prove("every scheduled flight departed", day["departed"], day["scheduled"])

# %% [markdown]
# Its last line says it: two numbers, and they differ. In some notebooks you will see a cell of one grey line that ends in
# three dots. It holds plumbing, it runs like all others, and a click on the dots opens it.

# %% [markdown]
# ## How a lab works
#
# A lab has blanks: `...`. Fill one, run its check. The check says in a sentence what is wrong, and shows a row; it never
# shows the answer. `lab.hint(1)` gives a direction, then the call. `lab.solution(1)` opens after your first real attempt.

# %% tags=["step-lab"]
lab = Lab("03-medallion")
lab.check(1, ...)

lab.progress()

# %% [markdown]
# ## A first pipeline in five cells
#
# **One: the engines.** A Spark session, a Kafka broker and an empty folder, started for this notebook alone. They end when
# its kernel ends. This takes a few seconds.

# %% tags=["step-engines"]
spark = spark_session("00-start-here")
broker = kafka()
lake = workspace("00-start-here")

print(f"Spark {spark.version}, Kafka at {broker.bootstrap}")

# %% [markdown]
# **Two: the log.** One message per flight that left New York on that day, in the order in which they left. A message has an
# offset, its place in the log, and nobody can change it any more.

# %% tags=["step-log"]
departures = events("departed", "day")
sent = broker.feed("departures-00", departures)

look(broker.peek("departures-00", 3)[["offset", "value"]])

# %% [markdown]
# **Three: the table.** Spark reads the topic to its end, gives the text of each message fields with types, and writes a
# Delta table.

# %% tags=["step-table"]
log = spark.read.format("kafka").options(**broker.options("departures-00")).load()

text = F.col("value").cast("string")
flight = F.from_json(text, "key STRING, scheduled TIMESTAMP, dep_delay DOUBLE")
flights = log.select(flight.alias("flight")).select("flight.*")
flights.write.format("delta").mode("overwrite").save(f"{lake}/departures")

table = spark.read.format("delta").load(f"{lake}/departures")
look(table, 3)

# %% [markdown]
# **Four: the proof.** The table against the published data, counted in plain pandas by another road.

# %% tags=["prove-first-table"]
distinct = table.select("key").distinct().count()

prove("every departure is in the table", distinct, day["departed"])
prove("and nothing else is", table.count(), sent)

# %% [markdown]
# **Five: the chart.** The median delay of the flights planned for each hour. Delay is handed on from plane to plane, so the
# evening pays for the day.

# %% tags=["figure-first"]
planned = F.from_utc_timestamp("scheduled", "America/New_York")
by_hour = table.groupBy(F.hour(planned).alias("hour"))
typical = by_hour.agg(F.median("dep_delay").alias("minutes"), F.count("*").alias("flights"))

hours = typical.where("flights >= 5").orderBy("hour").toPandas().set_index("hour")
worst = hours.minutes.idxmax()
title = f"Flights planned for {worst}:00 left {hours.minutes.max():,.0f} minutes late"

lines({"median": hours.minutes}, title, "planned hour (New York)", "delay (minutes)");

# %% [markdown]
# That is all there is to a pipeline: a log, a job, a table, a question. Everything else in this kit is about what goes
# wrong between them.

# %% [markdown]
# ## Where to go
#
# {{where}}
#
# Half an hour: one notebook, from *In one minute* to *Break it*. An hour: the whole notebook, with every prediction written
# down first. Half a day: two notebooks, and most of their labs. A notebook called *deeper* holds what its lesson left out. If the
# words Kafka and Spark are new to you, begin with 03.

# %% [markdown]
# The data: every flight that left New York's three airports in 2013, with the weather, in
# [nycflights13](https://cran.r-project.org/package=nycflights13) (CC0). Nothing in it was made up for you, except where a
# notebook says that it injects a fault. A smaller or larger part of the year: set `PATTERNLAB_SLICE` to `day`, `week`,
# `month`, `year` or `2013-10-28..2013-11-03`.
#
# Something does not start? `python3 kit.py doctor` says what is wrong and the one thing to do.
