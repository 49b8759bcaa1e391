"""The four teams of lab 17's first exercise: a clinic's pharmacy, a form for grants, a power grid, a fraud desk."""
from .vignettes import Vignette

TEAMS = (
    Vignette(
        "A", ("12",), "deletes",
        {"01": "Loading the whole stock anew does drop what was deleted (01-etl: step-load), by the clock. Run each "
               "minute it reads 40,000 rows to find a handful, and still misses what came and went between two runs.",
         "02": "A query on a timetable sees rows as they are when it runs: a withdrawn batch is not there to be "
               "seen, so its copy stays. A filter on time even passes rows by (02-elt: prove-missed).",
         "11": "There the application writes each fact on purpose (11-event-driven: step-append). This program is "
               "bought and its maker changes nothing: the clinic can't make it write events.",
         "16": "A fresh board serves what has reached it (16-real-time-analytics: step-put), and nothing has yet. "
               "Who tells it that a row has gone?"},
        {"minute": "A minute says how often to look, not how you learn of a row that is no longer there.",
         "three": "Three people must be able to run it. That speaks against a large platform, not for one of the small "
               "patterns.",
         "size": "40,000 rows fit any of the sixteen. A table that small could even be copied whole.",
         "wards": "Fourteen readers are served by any copy. How the copy is kept right is the question."}),
    Vignette(
        "B", ("15",), "idle",
        {"01": "A nightly job is little to run, but the receipts are due in ten minutes, and a run that dies half "
               "way is run again, whole (01-etl: break-append-again).",
         "07": "Nothing is added up here, and no application waits for another one. A job that holds state between "
               "events (07-stream-windowing: step-watermark) runs, and is paid for, all year.",
         "11": "Its readers run all the time (11-event-driven: step-reader), so they wait eleven months for one "
               "evening. Two people without a night shift would keep a broker alive for five forms a day.",
         "16": "Nobody watches a number. A store that is kept fresh for many questions (16-real-time-analytics: "
               "step-serve) answers none that these two have asked."},
        {"receipt": "Ten minutes are long: one small machine that always runs keeps that promise too.",
         "twice": "At least once is what most platforms promise, so every pattern has to bear copies. It tells you to "
               "name the effect.",
         "attachments": "Two seconds of work a form are two seconds in any process, whoever starts it.",
         "two": "Two people speak for little to run, and a nightly job is even less. Something else makes that one "
               "unfit."}),
    Vignette(
        "C", ("07",), "once",
        {"01": "A nightly load has every reading, and it is right (01-etl: prove-truth). The traders would have "
               "their sum next morning, and they wait for half an hour.",
         "08": "It asks which events follow which (08-cep: step-strategies). No order means anything here: readings "
               "are added up, and the question is when the sum is complete.",
         "09": "A fast number that a batch mends later (09-lambda: prove-healed) is two numbers for one quarter of "
               "an hour. Traders settle on the first, and the second is the lawsuit.",
         "16": "It shows sums while they still change, and what comes later changes them again "
               "(16-real-time-analytics: step-corrected). A sum that has been seen may not move here."},
        {"amount": "Much data asks for many machines, and nearly every pattern can be given many. When to publish it "
               "does not say.",
         "kafka": "That they can run it is a condition, not a reason: with Kafka one can do half a dozen of these "
               "patterns.",
         "cents": "That an error is cheap says how long to wait, not whether to wait at all.",
         "half": "Half an hour makes it possible, not necessary: in that time one could also show a sum early and "
               "mend it."}),
    Vignette(
        "D", ("08",), "order",
        {"07": "It counts how many came in a time (07-stream-windowing: step-hourly). An honest customer who adds "
               "three payees has the same count as the thief, and the analysts get both.",
         "11": "To keep each fact of an account and build its state from them (11-event-driven: step-apply) tells "
               "where the account stands. Nobody looks for a chain in it, and the ninety seconds pass.",
         "15": "Each call gets one message and begins with nothing (15-serverless: step-adds). One step alone is "
               "harmless, and the first two would have to be remembered somewhere else.",
         "16": "A board that answers in milliseconds (16-real-time-analytics: figure-stores) waits for somebody to "
               "ask. Nobody at the desk can ask about every account, every minute."},
        {"seconds": "Ninety seconds rule out the night. They leave several patterns that see each event at once.",
         "costs": "The two prices say where to put the threshold, whatever it is that finds the thief.",
         "volume": "Thousands of steps a day are few for any engine.",
         "disorder": "Steps out of order have to be sorted first, in every pattern that goes by the time of the event."}),
)
