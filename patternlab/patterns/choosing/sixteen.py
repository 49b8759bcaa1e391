"""The sixteen patterns by number, slug and name: how they may be spelled, and why they may be beside the point."""
import difflib
import re

NAMES = {"01": ("etl", "ETL"), "02": ("elt", "ELT"), "03": ("medallion", "Medallion"),
         "04": ("star-schema", "Star schema"), "05": ("data-vault", "Data vault"), "06": ("lakehouse", "Lakehouse"),
         "07": ("stream-windowing", "Stream windowing"), "08": ("cep", "Complex event processing"),
         "09": ("lambda", "Lambda"), "10": ("kappa", "Kappa"),
         "11": ("event-driven", "Event-driven"), "12": ("cdc", "Change data capture"), "13": ("data-mesh", "Data mesh"),
         "14": ("data-fabric", "Data fabric"), "15": ("serverless", "Serverless"),
         "16": ("real-time-analytics", "Real-time analytics")}
ALSO = {"star": "04", "vault": "05", "windowing": "07", "stream windows": "07", "event sourcing": "11",
        "mesh": "13", "fabric": "14", "rta": "16", "medallion architecture": "03",
        "lambda architecture": "09", "kappa architecture": "10", "event driven architecture": "11"}
ELSEWHERE = {
    "01": "It lets through what its rules accept, in one long job by the clock (01-etl: step-load). "
          "What this team is short of is something else.",
    "02": "It keeps raw data so that a rule may change later (02-elt: prove-rule). No rule of this team is about to "
          "rewrite its past.",
    "03": "Layers are for readers who must know what a table promises, and each hop takes time (03-medallion: "
          "figure-waiting). This team's trouble is another one.",
    "04": "It gives many unforeseen questions one context to share (04-star-schema: step-roles). This team's question "
          "is known, or stands a step before the tables that people ask.",
    "05": "It keeps what many sources said of the same thing, for a team with time and hands (05-data-vault: "
          "step-inserts). No sources contradict each other here.",
    "06": "It says how a folder of files can be a table for many engines (06-lakehouse: prove-engines). Whatever this "
          "team chooses may be stored so; that does not make the choice.",
    "07": "It asks how many, and when the amount is complete (07-stream-windowing: figure-plane). Nothing in this "
          "text is an amount per hour that comes late.",
    "08": "It looks for an order of events that means something (08-cep: step-story). In this text no event waits for "
          "another one.",
    "09": "It answers soon and is put right later, and its rule is written twice (09-lambda: look-lines). This team "
          "can't use a first answer that is wrong, or has no need of a second one.",
    "10": "It replays a log to make history anew when a program changes (10-kappa: step-switch). This team has no "
          "such log, or no program that has to run over it again.",
    "11": "It is for an application whose facts are the record, against which commands are checked (11-event-driven: "
          "step-conflict). Here nobody decides on such a state, or the writer belongs to others.",
    "12": "It follows the log of a database that others overwrite (12-cdc: step-merge). In this text no change of "
          "such a table is being missed.",
    "13": "It moves the answering to those who know the data, by contracts between teams (13-data-mesh: "
          "step-policies). Who owns what is not the question here.",
    "14": "It lets metadata find joins and notice changes over many sources (14-data-fabric: step-verify). Here the "
          "sources are known; finding them is not the trouble.",
    "15": "It pays where nothing happens for long and each message stands alone (15-serverless: figure-crossover). "
          "Here the work is steady, or comes by the clock, or needs several messages at once.",
    "16": "It keeps a few chosen questions fresh for many who ask at once (16-real-time-analytics: prove-fresh). "
          "Nobody here watches a number by the second."}


def called(number: str) -> str:
    """A pattern as a sentence calls it: "12 Change data capture"."""
    return f"{number} {NAMES[number][1]}"


def spelled(text) -> tuple:
    """(number, ''), or (None, a sentence) where `text` names none. Number, slug and name do, also after the number."""
    plain = _plain(text)
    if plain in SPELLINGS:
        return SPELLINGS[plain], ""
    number, _, name = plain.partition(" ")
    if number.isdigit() and number.zfill(2) in NAMES and name in SPELLINGS:
        both = f"{called(number.zfill(2))} and {called(SPELLINGS[name])}"
        return None, f"{text!r} names two patterns, {both}. Which do you mean?"
    if plain.isdigit():
        return None, f"No pattern has the number {plain}: they go from 01 to 16."
    near = difflib.get_close_matches(plain, SPELLINGS, 1, 0.6)
    meant = f" Do you mean {called(SPELLINGS[near[0]])}?" if near else " A number from the table above is enough."
    return None, f"There is no pattern {str(text)[:40]!r}.{meant}"


def _plain(text) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", str(text).lower()))


def _spellings() -> dict:
    """{every accepted spelling, in plain letters: number}."""
    made = dict(ALSO)
    for number, (slug, name) in NAMES.items():
        for spelling in (_plain(slug), _plain(name)):
            made[spelling] = number
            made[spelling.replace(" ", "")] = number
        made |= {number: number, str(int(number)): number}
    for spelling, number in list(made.items()):
        made |= {f"{number} {spelling}": number, f"{int(number)} {spelling}": number}
    return made


SPELLINGS = _spellings()
