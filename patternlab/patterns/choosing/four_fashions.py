"""The four teams of lab 17's third exercise, where a fashion pulls: newspaper, lender, university, register."""
from .vignettes import Vignette

TEAMS = (
    Vignette(
        "I", ("09", "16"), "mended",
        {"04": "It bears questions that nobody foresaw (04-star-schema: step-mart). These four are fixed, 300 pages "
               "ask them every five seconds, and a nightly load of facts answers none of them by day.",
         "07": "It publishes an hour once, when nothing more can come (07-stream-windowing: step-publish). Editors "
               "want five seconds, and robots are not late reads: they are found out at night, long after.",
         "08": "A robot may show by the order of its clicks (08-cep: step-automaton). The editors asked how many "
               "reads there are.",
         "10": "Run again, the same program says what it said before (10-kappa: prove-replay). Only the night's "
               "program, which sees a whole day, can tell a robot, and it is another one and stays."},
        {"seconds": "Five seconds leave several patterns, and some of those could never take a robot out again.",
         "editors": "300 open pages need a store that answers quickly, behind whatever fills it.",
         "robots": "Robots make some reads wrong in every pattern. What may be shown until they are known is the matter.",
         "kafka": "What they can run limits the choice and does not make it: the wrong answers here run on the same "
               "tools."},
        "I has two right answers: 09 lays the night's answer beside the day's, 16 takes the night's corrections "
        "into the board."),
    Vignette(
        "J", ("11",), "record",
        {"06": "Versions of a table say what it held (06-lakehouse: look-history), not on what knowledge somebody "
               "decided. And each decision would be a commit and a small file (06-lakehouse: figure-small-files).",
         "10": "A log that serves computations (10-kappa: step-view) refuses nobody: two clerks append, and both "
               "have said yes.",
         "12": "It infers facts from rows that were overwritten (12-cdc: step-envelope). Why a limit was raised is "
               "in no row, and no database is there yet whose log could be read.",
         "15": "Functions could carry out the steps between (15-serverless: step-once). They keep no record of "
               "their own, so what a decision is checked against would still be missing."},
        {"own": "That they own the writer makes it possible. Most who do keep a table with a state, and rightly.",
         "views": "New views can be made from any history that is kept, plain files among them.",
         "volume": "9,000 a day are one in ten seconds. A table in any database bears that.",
         "clerks": "A version number in a row keeps two clerks apart. That alone takes none of the sixteen."}),
    Vignette(
        "K", ("04",), "context",
        {"03": "A good layer proves that no student is lost (03-medallion: prove-conservation). Which programme an "
               "exam of two years ago belongs to, it does not say: a promise is not a shape.",
         "05": "It keeps what many sources said (05-data-vault: step-satellite), in tables that no dean can read. "
               "One source is here, its owner can be asked, and two people would build readable tables on top of it "
               "all the same.",
         "13": "Contracts between owners (13-data-mesh: step-publish) need several teams with people. One system and "
               "two people would sign treaties with themselves.",
         "14": "Joined by today's programme every exam finds its partner, so metadata calls that a good join "
               "(14-data-fabric: step-verify). What was true at the time of the exam, it can't tell.",
         "16": "It serves few questions, chosen beforehand, and each further column makes its roll-up larger "
               "(16-real-time-analytics: break-explodes). Deans ask new ones each week, and can wait until morning."},
        {"morning": "Until morning is time enough for the whole batch family, and for some of the others.",
         "two": "Two people rule out much. Among what is small to run they do not choose.",
         "reports": "That two reports disagreed is how the trouble was found. One wrong table for both would end the "
               "quarrel too.",
         "spreadsheet": "A spreadsheet reads any flat table. What the table has to hold is the question."}),
    Vignette(
        "L", ("01",), "land",
        {"02": "It begins by storing what came, byte by byte (02-elt: step-raw), and that is what the law forbids. "
               "The right to change a rule later is not worth a name to this team.",
         "03": "Its first layer keeps every file as it came (03-medallion: step-bronze), names included, however "
               "clean the later layers are.",
         "05": "It keeps for good what each source said (05-data-vault: prove-past), and what was said includes a "
               "name.",
         "06": "Versions keep what was overwritten and deleted, until VACUUM (06-lakehouse: break-vacuum). A name "
               "that was in one of them has been stored.",
         "12": "It takes over each change of a hospital's tables with all its columns (12-cdc: step-envelope), into "
               "a topic that keeps them. And sixty hospitals would have to open their databases."},
        {"stable": "Rules that hardly change make it cheap. With new ones every month it would still be right.",
         "morning": "Next morning is early enough for half of the sixteen.",
         "back": "To send rows back with a reason is good practice, and others do it too, from a quarantine table.",
         "five": "Five people, one machine and a database could run several of these. What they could run is not "
               "what they may."}),
)
