"""The four teams of lab 17's second exercise, each after one fact has changed: rents, insurer, parcels, retail."""
from .vignettes import Vignette

TEAMS = (
    Vignette(
        "E", ("02", "03"), "again",
        {"01": "It keeps what its rules let through, so a new rule means to extract everything anew (01-etl: "
               "step-new-rule). The cities have no old files to extract from.",
         "05": "It keeps what several sources said of one thing (05-data-vault: prove-past). Each city says one "
               "thing, once; it is your reading that changes. You would pay for hubs and links that nobody joins.",
         "06": "Old versions of a table can be read (06-lakehouse: step-time-travel). Those of a table that was "
               "cleaned by the old rule are cleaned by the old rule.",
         "10": "A second run over the log is a good thought (10-kappa: step-beside), with a log that keeps five "
               "years and a stream to look after. For monthly files and results due in weeks that is much to run."},
        {"law": "That it is a law makes it urgent, not different: a director's whim would ask for the same pattern.",
         "five": "Five years are an amount. One year would ask for the same pattern.",
         "personal": "No personal data makes it possible. What is allowed is not yet a reason.",
         "spare": "Time to spare makes it affordable. It does not say what the time is for."},
        "E has two right answers: 02 is enough for the four themselves, and 03 writes down what the two ministries "
        "may rely on."),
    Vignette(
        "F", ("05",), "said",
        {"03": "Its first layer would keep the files, and the second one already decides who is right (03-medallion: "
               "step-refine). Each question about a day long past would be a search by hand in raw files.",
         "04": "A star's loader decides whose word counts, and writes that (04-star-schema: step-merge). The other "
               "six statements are gone when the supervisor asks for them.",
         "06": "Versions show what a table held (06-lakehouse: step-time-travel), until VACUUM takes them away "
               "(06-lakehouse: break-past). A statement that lost the quarrel before it was loaded was never in it.",
         "14": "Metadata may find which columns of the seven systems join (14-data-fabric: step-suggest). It keeps "
               "none of their rows, so it can't say what one of them held last March."},
        {"seven": "Seven sources that agree, or one that is right by decree, would go into the old model. Their number "
               "is not it.",
         "late": "Late statements trouble every loader, and one that compares dates can sort them in.",
         "engineers": "They make it affordable. Eight engineers could run any of the sixteen.",
         "supervisor": "That somebody strict asks is no property of the data. What is asked for is."}),
    Vignette(
        "G", ("10",), "single",
        {"02": "Files and a nightly model would have one rule, and a rebuild of everything (02-elt: step-full). The "
               "last hours, which the depots look at, would be gone.",
         "06": "A table with versions takes the results of either program (06-lakehouse: step-merge). It does not "
               "make one of two.",
         "07": "They have windows, and need them (07-stream-windowing: step-publish). Windows say when an hour is "
               "complete, not where fourteen months come from when the rule moves.",
         "09": "At night the batch wipes the day's error out (09-lambda: break-drift), and next day it is back. That "
               "is what the depots had for weeks, twice.",
         "11": "There the log is what commands are checked against (11-event-driven: step-conflict). Depots decide "
               "nothing on this log: they read sums of it."},
        {"monthly": "A rule that moves often makes every change dear. Whether a change can be made this way depends on "
               "another fact.",
         "late": "An hour of lateness is what the windows wait for, before the change and after it.",
         "size": "90 GB say that a disk is enough. That is a condition, and a cheap one.",
         "old": "It makes forty minutes bearable. Why there is something to wait for, it does not say."}),
    Vignette(
        "H", ("13",), "owners",
        {"03": "Layers say what holds, and one team must know every source to say it (03-medallion: "
               "step-contract-flights). The nine can't any more: they hear of changes from a load that died.",
         "05": "It would keep what fourteen systems say (05-data-vault: step-load), loaded by the same nine, behind "
               "the same queue.",
         "06": "All fourteen may keep such tables, and should (06-lakehouse: prove-engines). A table format does not "
               "say who is woken when a column disappears.",
         "12": "To read the units' databases by their logs brings changes sooner, those of columns too "
               "(12-cdc-deeper: step-schema-change). Each one is still a surprise to the nine: nobody has promised "
               "them anything.",
         "14": "Metadata can notice a rename and find the column again (14-data-fabric: break-noticed). It guesses "
               "what a column means, and in this group nobody has to guess."},
        {"queue": "The queue is the pain, not the reason. Nine more people in the central team would shorten it as "
               "well.",
         "fourteen": "Many units are not enough. With as many, and another fact of the text turned round, it would fail.",
         "platform": "A platform is a condition, and it is there for every other pattern too.",
         "monthly": "Changes each month hurt whoever integrates. Who that should be, they do not say."}),
)
