# %% [markdown]
# # Lab 17: Choosing
#
# Twelve teams, each in a paragraph. You name the pattern that fits a team and the fact that decides it; then you write the
# function that chooses by numbers. No engine is needed. The sixteen lessons have the reasons, and notebook
# [17-choosing](../notebooks/17-choosing.ipynb) has the numbers. About 95 minutes.
#
# A pattern may be written as `"07"`, `"stream windowing"` or `"07 Stream windowing"`.
#
# | | | | |
# |---|---|---|---|
# | 01 ETL | 05 Data vault | 09 Lambda | 13 Data mesh |
# | 02 ELT | 06 Lakehouse | 10 Kappa | 14 Data fabric |
# | 03 Medallion | 07 Stream windowing | 11 Event-driven | 15 Serverless |
# | 04 Star schema | 08 Complex event processing (CEP) | 12 Change data capture (CDC) | 16 Real-time analytics |

# %% tags=["setup"]
from patternlab import Lab

lab = Lab("17-choosing")
lab.progress()

# %% [markdown]
# ## Exercise 1: Four teams
# *Level: fill in · 15 minutes*
#
# **Input** the four teams A to D below. Each has a table of reasons, and every reason in it is true.
#
# **Goal** `answers`, a dict with a pair for each letter: the pattern that fits this team, and the key of the reason that decides. A
# reason decides if another pattern would fit were it otherwise. Where several patterns fit, each of them is right.
#
# To have some teams judged before the others, leave the others out of `answers`.
#
# **Example** `{"Z": ("02 ELT", "cheap")}` says of a team Z that ELT fits it, and that what decides is called `cheap` in its table.

# %% [markdown]
# **A, a pharmacy.** Three people look after the data of a clinic. Its pharmacy keeps its stock in a bought program on PostgreSQL: 40,000
# rows, and 6,000 inserts, updates and deletions a day. Its maker changes neither code nor tables for anybody; the database's log may be
# read. Fourteen wards look at a copy before they send somebody down, and the copy may be a minute old. A withdrawn batch is deleted,
# and must be gone from the copy as well: a nurse who still sees it may give it.
#
# | reason | what it says |
# |---|---|
# | `minute` | the wards can bear a copy that is a minute old |
# | `deletes` | what others delete must go from the copy, too |
# | `three` | three people of the clinic have to run it |
# | `size` | 40,000 rows with 6,000 changes a day are few |
# | `wards` | fourteen wards look at the copy before they send somebody |

# %% [markdown]
# **B, a form for grants.** Two people in a ministry look after a form. For months it brings five applications a day. In the two
# weeks before the deadline 30,000 come, most of them on the last evening. Each stands alone: the check of its attachments takes two seconds,
# and a receipt goes out within ten minutes. The form's platform delivers each one at least once. The ministry pays for what it uses, and
# nobody is on call at night.
#
# | reason | what it says |
# |---|---|
# | `receipt` | a receipt has to go out within ten minutes |
# | `twice` | the form's platform may deliver an application twice |
# | `idle` | for months there is next to nothing to do |
# | `attachments` | the check of the attachments takes two seconds each time |
# | `two` | two people have to run it, and nobody is on call at night |

# %% [markdown]
# **C, a power grid.** 120,000 meters send a reading every few seconds. For each quarter of an hour and district the sum is published, and traders
# settle on it. Radio gaps make one reading in fifty late, by twenty minutes at most. A published sum that changes costs a
# lawsuit, a missing reading costs cents. The traders wait for half an hour. Six engineers run Kafka and a stream engine.
#
# | reason | what it says |
# |---|---|
# | `amount` | 120,000 meters send a reading every few seconds |
# | `kafka` | the six engineers already run Kafka and a stream engine |
# | `once` | a published sum never changes, whatever comes late |
# | `cents` | a reading that is missing costs some cents, and no more |
# | `half` | the traders can wait for half an hour before they settle |

# %% [markdown]
# **D, a fraud desk.** A bank has eight analysts for fraud, and two engineers with a stream engine. A thief who has taken over an account changes its
# telephone number, adds a payee and pays out, in this order and within an hour. Each step alone is harmless and happens thousands of times
# a day. Steps may arrive some seconds out of order. A payment can be held for ninety seconds. A false alarm costs an analyst ten minutes, a
# missed thief 4,000 euros.
#
# | reason | what it says |
# |---|---|
# | `seconds` | a payment can be held for ninety seconds, and no longer |
# | `costs` | a missed thief costs far more than a false alarm |
# | `volume` | each of the steps happens thousands of times a day |
# | `order` | only the three steps in their order mean anything |
# | `disorder` | the steps may arrive some seconds out of their order |

# %% tags=["exercise-1"]
A = "12 CDC", "deletes"  # SOLUTION
B = "15 Serverless", "idle"  # SOLUTION
C = "07 Stream windowing", "once"  # SOLUTION
D = "08 CEP", "order"  # SOLUTION
answers = {"A": A, "B": B, "C": C, "D": D}

# %% tags=["check-1"]
lab.check(1, answers)

# %% tags=["wrong-1"] says="so its copy stays" breaks="A withdrawn batch is deleted, and must be gone from the copy as well"
answers = {"A": ("02 ELT", "deletes"), "B": ("15", "idle"), "C": ("07", "once"), "D": ("08", "order")}

# %% tags=["wrong-1"] says="wait eleven months for one evening" breaks="For months it brings five applications a day"
answers = {"A": ("12", "deletes"), "B": ("event-driven", "twice"), "C": ("07", "once"), "D": ("08", "order")}

# %% tags=["wrong-1"] says="the second is the lawsuit" breaks="A published sum that changes costs a lawsuit"
answers = {"A": ("12", "deletes"), "B": ("15", "idle"), "C": ("Lambda", "half"), "D": ("08", "order")}

# %% tags=["wrong-1"] says="has the same count as the thief" breaks="in this order and within an hour"
answers = {"A": ("12", "deletes"), "B": ("15", "idle"), "C": ("07", "once"), "D": ("07", "order")}

# %% tags=["wrong-1"] says="The pattern fits, the reason does not decide" breaks="A reason decides if another pattern would fit were it otherwise"
answers = {"A": ("12", "minute"), "B": ("15", "idle"), "C": ("07", "once"), "D": ("08", "order")}

# %% tags=["wrong-1"] says="D is still open" breaks="a pair for each letter"
answers = {"A": ("12", "deletes"), "B": ("15", "idle"), "C": ("07", "once")}

# %% tags=["wrong-1"] says="Do you mean 15 Serverless?" breaks="the pattern that fits this team"
answers = {"A": ("12", "deletes"), "B": ("serverles", "idle"), "C": ("07", "once"), "D": ("08", "order")}

# %% tags=["wrong-1"] says="There is no reason 'late'" breaks="the key of the reason that decides"
answers = {"A": ("12", "deletes"), "B": ("15", "idle"), "C": ("07", "late"), "D": ("08", "order")}

# %% tags=["wrong-1"] says="The pattern comes first" breaks="the pattern that fits this team, and the key of the reason"
answers = {"A": ("deletes", "12"), "B": ("15", "idle"), "C": ("07", "once"), "D": ("08", "order")}

# %% tags=["wrong-1"] says="An answer is a pair" breaks="a dict with a pair for each letter"
answers = {"A": "12", "B": "15", "C": "07", "D": "08"}

# %% tags=["nothing-1"] says="There is no vignette Z in this exercise"
answers = {"Z": ("02 ELT", "cheap")}

# %% tags=["right-1"]
answers = {"d": ["complex event processing", "Order"], "C": (7, "`once`"), "b": ("15-serverless", " idle "),
           "a": ("Change Data Capture", "deletes")}

# %% tags=["right-1"]
import numpy

answers = {"A": (numpy.int64(12), numpy.str_("deletes")), "B": ("SERVERLESS", "idle"), "C": ("7 windowing", "once"),
           "D": ("08-cep", "order")}

# %% tags=["raises-1"] says="KeyError"
REASONS = {"A": "deletes", "B": "idle"}


class Joined(dict):
    def items(self):
        return [(letter, (self[letter], REASONS[letter])) for letter in self]


answers = Joined(A="12", B="15", C="07", D="08")

# %% tags=["hint-1"]
# lab.hint(1)

# %% tags=["solution-1"]
# lab.solution(1)

# %% [markdown]
# ## Exercise 2: One fact changes
# *Level: modify · 20 minutes*
#
# **Input** the four teams E to H below. What each runs today was right for it, until a fact changed.
#
# **Goal** `answers` as before: for each letter the pattern that fits after the change, and the key of the reason that decides now. Again
# every reason is true, and where several patterns fit, each of them is right.
#
# **Example** `{"Z": ("01 ETL", "dear")}` says that a team Z should now run ETL, because of what its table calls `dear`.

# %% [markdown]
# **E, rents.** Four people at a statistics office clean each city's monthly file, and load what passed. The rules held for ten years. What did
# not fit went back, and files were deleted. **What changes:** a law redefines "furnished" several times a year, and each time five years must
# be published anew, within weeks. Cities keep no old files; from now on the office may keep them. The files hold no personal data, and the
# warehouse has time to spare. Two ministries read the cleaned table, too.
#
# | reason | what it says |
# |---|---|
# | `law` | what counts as furnished is laid down by a law |
# | `again` | the past must be computed anew, from what had come in |
# | `five` | it is five years that have to be published, and not one |
# | `personal` | the files that the cities send hold no personal data at all |
# | `spare` | the warehouse of the office has more time than it needs |

# %% [markdown]
# **F, an insurer.** Five analysts have a star of policies and claims, filled nightly from one system, whose owner they can ask. **What
# changes:** after two mergers there are seven systems, and more to come. They contradict each other about who holds a policy, and statements arrive
# in any order, some of them weeks late. The supervisor asks what each system had said on a day, before anybody decided who was right.
# The analysts keep their star as it is, on top. Eight engineers join.
#
# | reason | what it says |
# |---|---|
# | `seven` | there are seven systems now, and more will come |
# | `late` | statements arrive in any order, and some of them weeks late |
# | `engineers` | eight engineers join the five analysts, who keep their star |
# | `supervisor` | it is a supervisor who asks, and supervisors are strict |
# | `said` | what each system said, and when, must be kept |

# %% [markdown]
# **G, parcels.** Each depot of a parcel service watches its load, hour by hour. Four people run a stream for the last hours, and a nightly batch
# for all before: Kafka kept two days. **What changes:** the rule what "handled" means moves each month, and twice the two programs
# disagreed for weeks. Kafka now keeps all fourteen months, 90 GB, and a replay takes forty minutes; depots may see old numbers meanwhile.
# Scans come up to an hour late, and the windows wait for them.
#
# | reason | what it says |
# |---|---|
# | `monthly` | the rule for what "handled" means moves every month |
# | `late` | scans come up to an hour late, and the windows wait for them |
# | `single` | the log now holds all history, and a replay of it is quick |
# | `size` | fourteen months of scans are 90 GB, which is not much |
# | `old` | depots may see the old numbers until a rebuild is through |

# %% [markdown]
# **H, a retail group.** A central team of nine keeps good layers, each with its promise. That was right for three sources. **What changes:** there are
# fourteen units now, each with a system that changes monthly and two or three engineers. The nine hear of a change when a load dies, and a new
# table takes eleven weeks. The units know what their columns mean, and would answer for them. A platform with a catalogue and a
# scheduler is there.
#
# | reason | what it says |
# |---|---|
# | `owners` | the units have people, and would answer for their data |
# | `queue` | a new table takes eleven weeks, and the units wait for it |
# | `fourteen` | there are fourteen units, where there were three sources |
# | `platform` | a platform with a catalogue and a scheduler is there |
# | `monthly` | each of the systems changes monthly, and loads die of it |

# %% tags=["exercise-2"]
E = "02 ELT", "again"  # SOLUTION
F = "05 Data vault", "said"  # SOLUTION
G = "10 Kappa", "single"  # SOLUTION
H = "13 Data mesh", "owners"  # SOLUTION
answers = {"E": E, "F": F, "G": G, "H": H}

# %% tags=["check-2"]
lab.check(2, answers)

# %% tags=["wrong-2"] says="means to extract everything anew" breaks="five years must be published anew"
answers = {"E": ("01", "again"), "F": ("05", "said"), "G": ("10", "single"), "H": ("13", "owners")}

# %% tags=["wrong-2"] says="The other six statements are gone" breaks="what each system had said on a day, before anybody decided who was right"
answers = {"E": ("02", "again"), "F": ("star schema", "said"), "G": ("10", "single"), "H": ("13", "owners")}

# %% tags=["wrong-2"] says="and next day it is back" breaks="twice the two programs disagreed for weeks"
answers = {"E": ("02", "again"), "F": ("05", "said"), "G": ("09 Lambda", "single"), "H": ("13", "owners")}

# %% tags=["wrong-2"] says="They hear of changes from a load that died" breaks="The nine hear of a change when a load dies"
answers = {"E": ("03", "again"), "F": ("05", "said"), "G": ("10", "single"), "H": ("03", "queue")}

# %% tags=["wrong-2"] says="it is your reading that changes" breaks='a law redefines "furnished" several times a year'
answers = {"E": ("05", "again"), "F": ("05", "said"), "G": ("10", "single"), "H": ("13", "owners")}

# %% tags=["wrong-2"] says="Nine more people in the central team" breaks="the key of the reason that decides now"
answers = {"E": ("02", "again"), "F": ("05", "said"), "G": ("10", "single"), "H": ("13", "queue")}

# %% tags=["wrong-2"] says="That it is a law makes it urgent" breaks="a stream for the last hours"
answers = {"E": ("02", "law"), "F": ("14", "said"), "G": ("02", "single"), "H": ("14", "owners")}

# %% tags=["nothing-2"] says="There is no vignette Z in this exercise"
answers = {"Z": ("01 ETL", "dear")}

# %% tags=["right-2"]
answers = {"E": ("03 medallion", "again"), "F": ("vault", "said"), "G": ("kappa", "single"), "H": ("Data Mesh", "owners")}

# %% tags=["raises-2"] says="NameError"
class Joined(dict):
    def items(self):
        return [(letter, (self[letter], reason_of(letter))) for letter in self]


answers = Joined(E="02", F="05", G="10", H="13")

# %% tags=["hint-2"]
# lab.hint(2)

# %% tags=["solution-2"]
# lab.solution(2)

# %% [markdown]
# ## Exercise 3: Where a fashion pulls
# *Level: modify · 25 minutes*
#
# **Input** the four teams I to L below. Each of them has heard of a pattern that others in its trade run.
#
# **Goal** `answers` as before: for each letter the pattern that fits, and the key of the reason that decides. Every reason is true,
# and where several patterns fit, each of them is right.
#
# **Example** `{"Z": ("06 Lakehouse", "open")}` says that a lakehouse fits a team Z, because of what its table calls `open`.

# %% [markdown]
# **I, a newspaper.** 300 editors keep a page open with four fixed questions: reads by article, section, city and hour. A number may be five
# seconds old. It may also be some percent off for a day: which reads are robots is known at night, when a program of another
# department has gone through the day's files, and that program stays. Advertisers pay for the corrected numbers. Three engineers
# run Kafka, Spark and a PostgreSQL.
#
# | reason | what it says |
# |---|---|
# | `seconds` | a number on the page may be five seconds old, and not more |
# | `editors` | 300 editors keep the page open, each with four questions |
# | `robots` | some of the reads are those of robots, and not of people |
# | `mended` | a number may be wrong by day, if the night corrects it |
# | `kafka` | three engineers run Kafka, Spark and a PostgreSQL already |

# %% [markdown]
# **J, a lender.** Six developers write a new application: customers borrow against their invoices. Whether one may draw another 2,000 euros depends on all
# that was drawn and repaid, and two clerks must not both say yes. In a dispute the court does not ask for the balance, but for who
# decided what, when, and on what knowledge. Each quarter somebody wants another view of the same history: risk, dunning,
# tax. There are 9,000 decisions a day.
#
# | reason | what it says |
# |---|---|
# | `own` | the six developers write the application themselves |
# | `views` | each quarter somebody wants another view of the history |
# | `record` | earlier decisions are the record, and decide the next ones |
# | `volume` | there are 9,000 decisions a day, one in about ten seconds |
# | `clerks` | two clerks must not both say yes to the same customer at once |

# %% [markdown]
# **K, a university.** Two people load exam results each night from one system, whose owner they can ask. Deans, planners and forty lecturers
# ask new questions each week: who passes, by course, school, teacher, and by the programme in which a student was *at the time*, for
# many change it. Nobody needs an answer before morning. In spring two reports disagreed, because one of them had used today's programmes. All
# readers know SQL or a spreadsheet.
#
# | reason | what it says |
# |---|---|
# | `morning` | nobody needs an answer before the next morning |
# | `two` | two people, and no more, have to load it and to keep it |
# | `reports` | two reports of last spring disagreed about the same exams |
# | `context` | many questions share a context, as it was at the time |
# | `spreadsheet` | all readers are at home in SQL or in a spreadsheet |

# %% [markdown]
# **L, a cancer register.** Sixty hospitals each send a file every night. By law no name may be stored here, not even for an hour: a number made with
# a key takes its place, on the way in. The rules are the law's, and changed twice in ten years. A row that breaks one goes back to
# its hospital with the reason. Five people have one machine and a database. Researchers read in the morning, and a wrong row is
# a wrong study.
#
# | reason | what it says |
# |---|---|
# | `land` | what came in may not be stored, not even for an hour |
# | `stable` | the rules are the law's, and have hardly changed in ten years |
# | `morning` | the researchers read in the morning, after a whole night |
# | `back` | a row that breaks a rule goes back, and the reason with it |
# | `five` | five people have one machine and a database to run it on |

# %% tags=["exercise-3"]
I = "16 Real-time analytics", "mended"  # SOLUTION
J = "11 Event-driven", "record"  # SOLUTION
K = "04 Star schema", "context"  # SOLUTION
L = "01 ETL", "land"  # SOLUTION
answers = {"I": I, "J": J, "K": K, "L": L}

# %% tags=["check-3"]
lab.check(3, answers)

# %% tags=["wrong-3"] says="they are found out at night, long after" breaks="which reads are robots is known at night"
answers = {"I": ("07", "mended"), "J": ("11", "record"), "K": ("04", "context"), "L": ("01", "land")}

# %% tags=["wrong-3"] says="both have said yes" breaks="two clerks must not both say yes"
answers = {"I": ("16", "mended"), "J": ("kappa", "views"), "K": ("04", "context"), "L": ("01", "land")}

# %% tags=["wrong-3"] says="sign treaties with themselves" breaks="one system, whose owner they can ask"
answers = {"I": ("16", "mended"), "J": ("11", "record"), "K": ("mesh", "reports"), "L": ("01", "land")}

# %% tags=["wrong-3"] says="the law forbids" breaks="By law no name may be stored here, not even for an hour"
answers = {"I": ("16", "mended"), "J": ("11", "record"), "K": ("04", "context"), "L": ("elt", "back")}

# %% tags=["wrong-3"] says="a promise is not a shape" breaks="by the programme in which a student was at the time"
answers = {"I": ("16", "mended"), "J": ("11", "record"), "K": ("03", "context"), "L": ("03", "land")}

# %% tags=["wrong-3"] says="J: It infers facts from rows that were overwritten" breaks="who decided what, when, and on what knowledge"
answers = {"I": ("16", "seconds"), "J": ("12", "record"), "K": ("04", "context"), "L": ("01", "land")}

# %% tags=["wrong-3"] says="a dozen" breaks="the key of the reason that decides"
answers = {"I": ("16", "a dozen"), "J": ("11", "record"), "K": ("04", "context"), "L": ("01", "land")}

# %% tags=["nothing-3"] says="There is no vignette Z in this exercise"
answers = {"Z": ("06 Lakehouse", "open")}

# %% tags=["right-3"]
answers = {"I": ("lambda", "mended"), "J": ("event sourcing", "record"), "K": ("star", "context"), "L": ("1", "land")}

# %% tags=["raises-3"] says="KeyError"
class Notes(dict):
    def items(self):
        return [(letter, (self[letter], {"I": "mended"}[letter])) for letter in self]


answers = Notes(I="16", J="11", K="04", L="01")

# %% tags=["hint-3"]
# lab.hint(3)

# %% tags=["solution-3"]
# lab.solution(3)

# %% [markdown]
# ## Exercise 4: Choose by what was measured
# *Level: design · 35 minutes*
#
# **Input** `need`, a dict, and `measured`, a list of dicts, one for each architecture, much as notebook 17 measures them:
#
# | key | in a row of `measured` | in `need` |
# |---|---|---|
# | `age` | seconds that the answer is old | the most that is bearable |
# | `wrong_now`, `wrong_end` | share that is wrong now, and in the end | the most that is bearable |
# | `kB` | what has to be kept | the most that is bearable |
# | `rebuild` | seconds of one rebuild | the most, for all rebuilds of a year |
# | `changes` | | changes of the rule a year, a rebuild each |
# | `lines`, `people` | `lines` of code | `people` who keep them |
# | `corrections` | whether a correction reaches the answer | whether it must |
# | `name` | a text | |
#
# **Goal** `choose(need, measured)` returns a list: the names of all rows that meet every need, fewest lines first, equal ones by
# name. What equals a limit meets it. A limit of None asks nothing. A number of a row that nobody measured is None, and meets no
# limit. Without a change nobody rebuilds, so `rebuild` asks nothing then. One person keeps 60 lines. Where no correction must reach
# the answer, either kind of row fits. Where nothing fits, the list is empty.
#
# `lines`, `people`, `changes` and `corrections` are never None. The check tries 20 seeds.
#
# **Example** two rows meet all needs, `lambda` with 90 lines and `kappa` with 50: `["kappa", "lambda"]`.

# %% tags=["exercise-4"]
def meets(found, most):
    return most is None or (found is not None and found <= most)  # SOLUTION


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]  # SOLUTION
        met.append(row["lines"] <= 60 * need["people"])  # SOLUTION
        met.append(row["corrections"] or not need["corrections"])  # SOLUTION
        if need["changes"]:  # SOLUTION
            once = row["rebuild"]  # SOLUTION
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))  # SOLUTION
        if all(met):  # SOLUTION
            fitting.append((row["lines"], row["name"]))  # SOLUTION
    return [name for lines, name in sorted(fitting)]  # SOLUTION

# %% tags=["check-4"]
lab.check(4, choose)

# %% tags=["wrong-4"] says="age equals the limit meets it" breaks="What equals a limit meets it"
def meets(found, most):
    return most is None or (found is not None and found < most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="The need says None for age" breaks="A limit of None asks nothing"
def meets(found, most):
    return found is not None and found <= (most or 0)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="0 is a limit like any other" breaks="the most that is bearable"
def meets(found, most):
    return not most or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="Nobody has measured age of this row" breaks="A number of a row that nobody measured is None, and meets no limit"
def meets(found, most):
    return most is None or (found or 0) <= most


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="age is at most the need's" breaks="the most that is bearable"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="wrong_now is at most the need's" breaks="share that is wrong now"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="wrong_end is at most the need's" breaks="and in the end"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="kB is at most the need's" breaks="what has to be kept"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="All those of a year together are not" breaks="for all rebuilds of a year"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="nobody rebuilds anything" breaks="Without a change nobody rebuilds"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if True:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="121 are too many" breaks="One person keeps 60 lines"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(True)
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="One person keeps 60 lines" breaks="people who keep them"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 120)
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="one of these rows takes none" breaks="whether a correction reaches the answer"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(True)
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="fits as well as one that does not" breaks="Where no correction must reach the answer, either kind of row fits"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] == need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)]

# %% tags=["wrong-4"] says="fewest lines first" breaks="fewest lines first"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in fitting]

# %% tags=["wrong-4"] says="All rows that fit are asked for" breaks="the names of all rows that meet every need"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)[:1]]

# %% tags=["wrong-4"] says="equally many lines go by name" breaks="equal ones by name"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting, key=lambda found: found[0])]

# %% tags=["wrong-4"] says="choose should return names" breaks="the names of all rows"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"], row))
    return [row for lines, name, row in fitting]

# %% tags=["wrong-4"] says="Nothing fits here, and then the list is empty" breaks="Where nothing fits, the list is empty"
def meets(found, most):
    return most is None or (found is not None and found <= most)


def choose(need, measured):
    fitting = []
    for row in measured:
        met = [meets(row[limit], need[limit]) for limit in ("age", "wrong_now", "wrong_end", "kB")]
        met.append(row["lines"] <= 60 * need["people"])
        met.append(row["corrections"] or not need["corrections"])
        if need["changes"]:
            once = row["rebuild"]
            met.append(meets(None if once is None else need["changes"] * once, need["rebuild"]))
        if all(met):
            fitting.append((row["lines"], row["name"]))
    return [name for lines, name in sorted(fitting)] or ["none"]

# %% tags=["nothing-4"] says="One row meets every need here"
def choose(need, measured):
    return ["kappa", "lambda"]

# %% tags=["right-4"]
def choose(need, measured):
    import pandas

    rows = pandas.DataFrame(measured, columns=["name", "age", "wrong_now", "wrong_end", "kB", "rebuild", "lines", "corrections"])
    for limit in ("age", "wrong_now", "wrong_end", "kB"):
        if need[limit] is not None:
            rows = rows[pandas.to_numeric(rows[limit]) <= need[limit]]
    if need["changes"] > 0 and need["rebuild"] is not None:
        rows = rows[pandas.to_numeric(rows["rebuild"]) <= need["rebuild"] / need["changes"]]
    if need["corrections"]:
        rows = rows[rows["corrections"].astype(bool)]
    rows = rows[rows["lines"] / 60 <= need["people"]]
    return tuple(rows.sort_values(["lines", "name"])["name"])

# %% tags=["raises-4"] says="TypeError"
def choose(need, measured):
    limits = "age", "wrong_now", "wrong_end", "kB"
    fitting = [row for row in measured if all(row[limit] <= need[limit] for limit in limits)]
    return [row["name"] for row in sorted(fitting, key=lambda row: (row["lines"], row["name"]))]

# %% tags=["hint-4"]
# lab.hint(4)

# %% tags=["solution-4"]
# lab.solution(4)

# %% [markdown]
# ## The checklist
#
# What you saw, as sentences to take along. The second column has the cell in which each of them mattered; a tag is the name of a cell, in its
# property panel in JupyterLab.
#
# ### Selection
#
# | practice | where it mattered |
# |---|---|
# | Start from the question, and how old its answer may be; the tool comes last | [07-stream-windowing](../notebooks/07-stream-windowing.ipynb) `figure-completeness` |
# | Ask whether an answer may still change after it was seen | [09-lambda](../notebooks/09-lambda.ipynb) `prove-healed` |
# | Say what one row is before you say which columns it has ([Kimball](https://www.kimballgroup.com/data-warehouse-business-intelligence-resources/kimball-techniques/dimensional-modeling-techniques/four-4-step-design-process/)) | [04-star-schema](../notebooks/04-star-schema.ipynb) `prove-grain` |
# | Ask who owns the writer: follow rows that are others', write facts that are yours | [12-cdc](../notebooks/12-cdc.ipynb) `step-poll-all`, [11-event-driven](../notebooks/11-event-driven.ipynb) `step-append` |
# | Ask which rules will move, and keep raw where you may | [01-etl](../notebooks/01-etl.ipynb) `step-new-rule`, [02-elt](../notebooks/02-elt.ipynb) `prove-rule` |
# | Find the person who answers for a table before you build on it | [13-data-mesh](../notebooks/13-data-mesh.ipynb) `break-two-lates` |
# | Work out at which load the price turns, before you pay it | [15-serverless](../notebooks/15-serverless.ipynb) `figure-crossover` |

# %% [markdown]
# ### Implementation
#
# | practice | where it mattered |
# |---|---|
# | Make every load replaceable: run twice, it leaves what one run leaves ([Beauchemin](https://maximebeauchemin.medium.com/functional-data-engineering-a-modern-paradigm-for-batch-data-processing-2327ec32c42a)) | [01-etl](../notebooks/01-etl.ipynb) `break-replace-again` |
# | Count by what the event says of its time, not by when it came | [07-stream-windowing](../notebooks/07-stream-windowing.ipynb) `break-arrival` |
# | Make keys with a separator, by one rule for all loaders | [05-data-vault](../notebooks/05-data-vault.ipynb) `break-collisions-repaired` |
# | Commit the effect and the place up to which it counts together | [11-event-driven](../notebooks/11-event-driven.ipynb) `break-exact` |
# | Let the newer version win, not the later message | [12-cdc](../notebooks/12-cdc.ipynb) `break-guard-by-number` |
# | Let the table refuse what breaks a rule, not only the job ([Delta](https://docs.delta.io/delta-constraints)) | [03-medallion](../notebooks/03-medallion.ipynb) `break-dirty` |
# | Put a contract at the boundary, and run it at each publish | [13-data-mesh](../notebooks/13-data-mesh.ipynb) `break-rename` |
# | Give a message that can't be handled a place of its own, so that the rest goes on | [15-serverless](../notebooks/15-serverless.ipynb) `break-unblocked` |

# %% [markdown]
# ### Maintenance
#
# | practice | where it mattered |
# |---|---|
# | Prove by an independent count, row by row: a sum hides what cancels out | [15-serverless](../notebooks/15-serverless.ipynb) `break-by-name` |
# | Watch how far readers are behind, and the slot of one that sleeps | [10-kappa](../notebooks/10-kappa.ipynb) `figure-lag`, [12-cdc-deeper](../notebooks/12-cdc-deeper.ipynb) `break-slot` |
# | Keep the log as long as the slowest reader and the longest rebuild need it | [10-kappa](../notebooks/10-kappa.ipynb) `break-retention` |
# | Rebuild beside the old table, compare, then switch | [10-kappa](../notebooks/10-kappa.ipynb) `step-switch` |
# | Measure before you add a roll-up or a cache, and say p99 of what ([Dean, Barroso](https://doi.org/10.1145/2408776.2408794)) | [16-real-time-analytics](../notebooks/16-real-time-analytics.ipynb) `break-explodes`, [16-real-time-analytics](../notebooks/16-real-time-analytics.ipynb) `look-mean` |
# | Ask whom a change will hit before you make it, and test what tells you | [14-data-fabric](../notebooks/14-data-fabric.ipynb) `step-reached`, [14-data-fabric](../notebooks/14-data-fabric.ipynb) `break-missed` |
# | Tidy up files, and know what goes with them | [06-lakehouse](../notebooks/06-lakehouse.ipynb) `figure-small-files`, [06-lakehouse](../notebooks/06-lakehouse.ipynb) `break-past` |
# | Delete what nobody reads | [12-cdc-deeper](../notebooks/12-cdc-deeper.ipynb) `step-slot-dropped` |

# %% [markdown]
# ## Discussion
#
# The tempting answer to most vignettes is the pattern that can do the most. A lakehouse with a stream, a contract and a graph of metadata would
# serve nearly all twelve teams, and most of them could not run it. What you leave out is part of the choice.
#
# The tempting answer to exercise 4 is a score: points for freshness, points for bytes, and the largest sum wins. In a sum a cheap store pays for
# a wrong number. Needs refuse, and only what is left is compared.
#
# What is inherent: every fact of a vignette is true, and only one decides. No list finds it for you. Ask of each fact what you would
# build if it were otherwise, and write the one that mattered beside the choice. When it changes, you know that it is time to choose again.

# %%
lab.progress()
