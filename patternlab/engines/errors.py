"""Errors of Spark, Py4J, Delta, delta-rs and Kafka, said in plain words: one entry for each failure, cause and one fix.

A new failure is one more `Entry` in ENTRIES: a pattern of what the engine says, what happened, what to do. Errors of Python
itself are in mistakes.py; notebook.py shows both.
"""
import contextlib
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """`pattern` is searched in all that the error says; its named groups can be used in `cause` and `fix`."""

    pattern: str
    cause: "str | object"          # or a function without arguments that gives the text
    fix: str


ENTRIES = [
    Entry(r"UnknownTopicOrPartition|This server does not host this topic-partition",
          "The topic is not on the broker: it was never made, or it was deleted.",
          "Make it with kafka().topic(name), or correct its name in the subscribe option."),
    Entry(r"KafkaTimeoutError|TimeoutException: Timed out waiting for a node assignment|TimeoutException: Call\(callName"
          r"|Timeout of \d+ms expired before the position|KafkaConnectionError|Bootstrap broker .* disconnected"
          r"|Unable to bootstrap|NodeNotReadyError|Failed to update metadata",
          "The Kafka broker does not answer: it was killed, or it is not at the address that was given.",
          "Bring it back with kafka().restart(), and take the address from kafka().bootstrap."),
    Entry(r"Some data may have been lost|Cannot fetch offset|OffsetOutOfRange",
          "The query asks for messages that the topic no longer has: it was made anew, or retention removed them.",
          "Give the query a new checkpoint folder to start from what the topic has now."),
    Entry(r"DELTA_VIOLATE_CONSTRAINT_WITH_VALUES(?:\] CHECK constraint (?P<check>[^\n]{0,70}?) violated)?",
          "A row breaks a CHECK constraint of the Delta table, so nothing was written: {check}.",
          "Filter or quarantine such rows before the write, or change the constraint."),
    Entry(r"DELTA_NOT_NULL_CONSTRAINT_VIOLATED|NOT NULL constraint violated[^\n]*",
          "A row has a NULL in a column that the Delta table declares NOT NULL, so nothing was written.",
          "Filter or fill those rows before the write."),
    Entry(r"DELTA_METADATA_MISMATCH|DELTA_FAILED_TO_MERGE_FIELDS|A schema mismatch detected when writing|"
          r"DELTA_SCHEMA_CHANGE|schema of your Delta table has changed",
          "The rows have another schema than the Delta table, so nothing was written.",
          "Select and cast the table's columns; or take the new ones on purpose: .option('mergeSchema', 'true')."),
    Entry(r"SchemaMismatchError|Cast error: Cannot cast",
          "The rows have another schema than the Delta table, so nothing was written.",
          "Select and cast the table's columns; or take the new ones on purpose: schema_mode='merge'."),
    Entry(r"a concurrent transactions? (?:added|deleted) |Transaction failed, .*conflict",
          "Another writer committed in between, and this write would have had to see it, so it was refused.",
          "Make a new DeltaTable of the path, decide again on what it holds now, and repeat the write."),
    Entry(r"Object at location \S*?(?P<file>[^/\s]+\.parquet) not found",
          "A version's log names the file {file}, and it is gone: VACUUM or somebody else removed it.",
          "Read a version whose files are there: the newest one, if nothing but VACUUM took them."),
    Entry(r"TableNotFoundError|Not a Delta table",
          "No Delta table is at that path: there is no _delta_log folder in it.",
          "Check the path, and that the cell which writes the table has run."),
    Entry(r"Invalid data found: (?P<many>\d+) rows failed validation",
          "Rows break a rule of the Delta table ({many} of them), so nothing was written.",
          "Filter or quarantine such rows before the write, or change the constraint."),
    Entry(r"No field named (?P<column>\S+?)\.\s+Valid fields are (?P<near>[^\n]*)",
          "There is no column {column} here; the names are: {near}.",
          "Correct the name; DeltaTable(path).schema() shows what there is."),
    Entry(r"The table has set these reader features: \{(?P<features>[^}]*)\}",
          "Reading a table this way knows nothing of {features}, which the table uses.",
          "Ask it by a query: QueryBuilder().register('t', DeltaTable(path)).execute('SELECT ...')."),
    Entry(r"DELTA_CANNOT_MODIFY_APPEND_ONLY",
          "The Delta table is append-only (delta.appendOnly), so UPDATE, DELETE and overwrite are refused.",
          "Append a row that corrects the old one, or ask the table's owner to lift the property."),
    Entry(r"DELTA_TABLE_NOT_FOUND|DELTA_MISSING_DELTA_TABLE|is not a Delta table|DELTA_PATH_DOES_NOT_EXIST|"
          r"doesn't exist, or is not a Delta table",
          "No Delta table is at that path: there is no _delta_log folder in it.",
          "Check the path, and that the cell which writes the table has run."),
    Entry(r"PATH_NOT_FOUND[^\n]*?(?P<path>file:[^\s]+)?|Path does not exist",
          "Nothing is at the path that was to be read.", "Check the path, and that the cell which writes there has run."),
    Entry(r"DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE",
          "Two source rows of the MERGE match the same row of the table, and Delta can't know which one wins.",
          "Reduce the source to one row for each key first (the latest by position), then MERGE."),
    Entry(r"Concurrent(?:Append|DeleteRead|DeleteDelete|Write)Exception|MetadataChangedException|ProtocolChangedException"
          r"|DELTA_CONCURRENT_",
          "Another writer committed to the same files of the Delta table in between, so this commit was refused.",
          "Read again and repeat the write, or give the writers different partitions."),
    Entry(r"UNRESOLVED_COLUMN[^\n]*?(?:`[^`]+`\.)*`(?P<column>[^`]+)`(?:[^\n]*?\[(?P<near>`[^\]]+)\])?",
          "There is no column {column} here; near names: {near}.", "Correct the name; .printSchema() shows what there is."),
    Entry(r"TABLE_OR_VIEW_NOT_FOUND[^\n]*?`(?P<table>[^`]+)`", "There is no table or view {table}.",
          "Run the cell that makes it, or read the table by its path: delta.`path`."),
    Entry(r"CAST_INVALID_INPUT[^\n]*?value (?P<value>'[^']*')[^\n]*?type (?P<from>\S+)[^\n]*?to (?P<to>\S+)",
          "The value {value} can't be read as {to}; Spark 4 refuses it instead of making it NULL.",
          "Use try_cast, and decide what happens to the rows where it gives NULL."),
    Entry(r"CANNOT_PARSE_TIMESTAMP", "A text does not have the timestamp format that was given.",
          "Use try_to_timestamp, and decide what happens to the rows where it gives NULL."),
    Entry(r"IllegalStateException: Cannot call methods on a stopped SparkContext|SparkContext was shut down",
          "The Spark session was stopped.", "Call spark_session(...) again and run the cells after it."),
    Entry(r"Py4JNetworkError|Answer from Java side is empty|Error while sending or receiving|"
          r"Py4JError\s+An error occurred while calling \S+(?m:$)",       # an answer without a word: the connection was reset
          lambda: _fate(),
          "Restart the kernel and run the notebook from the top; `python3 kit.py doctor` shows the memory."),
    Entry(r"OutOfMemoryError", "Spark's JVM ran out of memory.",
          "Collect fewer rows, or set PATTERNLAB_DRIVER_MEMORY=4g and restart the kernel."),
    Entry(r"No space left on device", "The disk is full.", "Free some space; `python3 kit.py clean` empties the state folder."),
    Entry(r"checkpoint(?:Location)? must be specified", "The stream has no checkpoint folder.",
          "Give it one: .option('checkpointLocation', str(workspace_folder / 'checkpoint'))."),
    Entry(r"Cannot start query with name (?P<query>\S+) as a query with that name is already active",
          "A stream called {query} still runs: this cell, or another one, started it before.",
          "Stop it, `for query in spark.streams.active: query.stop()`, and run this cell again."),
    Entry(r"CONCURRENT_STREAM_LOG_UPDATE|Multiple streaming queries are concurrently using|same id is already active|"
          r"CONCURRENT_QUERY|already active in this SparkSession",
          "Another stream works on the same checkpoint folder: this cell, or another notebook, started it before.",
          "Stop it, `for query in spark.streams.active: query.stop()`, and run this cell again."),
    Entry(r"CANNOT_CONVERT_COLUMN_INTO_BOOL",
          "A column was used where Python wants a True or False, as `and`, `or`, `not` and `if` do.",
          "Write `&`, `|` and `~` between columns, each comparison in brackets."),
    Entry(r"ATTRIBUTE_NOT_SUPPORTED\] Attribute `(?P<name>[^`]+)`",
          "Spark has neither a column nor a method called {name} here.",
          "Correct the name; .columns shows what there is, and what is pandas' comes after .toPandas()."),
    Entry(r"NOT_\w+\] Argument `(?P<name>\w+)` should be (?:a )?(?P<wanted>.+?),? (?:but )?got (?P<given>\w+)",
          "The argument {name} should be {wanted}, and it is a value of type {given}.",
          "Name a column, or make one of the value: F.lit(value)."),
    Entry(r"JAVA_GATEWAY_EXITED",
          "Spark did not come up: SparkSession.builder starts it without the settings of the kit.",
          "Use spark_session('a name') of patternlab: it has Delta and Kafka in it."),
    Entry(r"DATA_SOURCE_NOT_FOUND[^\n]*?(?P<source>\w+)", "Spark has no data source of that name.",
          "Use spark_session(...) of patternlab, which has Delta and Kafka in it, and check the format's name."),
]
FUNCTION = Entry(r"Traceback \(most recent call last\)[\s\S]*\n(?P<last>[\w.]+(?:Error|Exception|Exit)\b[^\n]*)",
                 "A Python function of yours failed in one of Spark's workers: {last}.",
                 "Call the function in a cell of its own, with one row of the data, and mend it there.")
STREAM = re.compile(r"terminated with exception: *(?P<cause>[^\n]*)")


def _fate() -> str:
    from . import spark
    return spark.fate() or "The Spark JVM of this kernel does not answer."


def described(error: BaseException) -> str:
    """All that an error says of itself: its class, condition, message, and the Java causes below it, as one text."""
    parts = [type(error).__name__, str(error)]
    with contextlib.suppress(Exception):                 # not every error has a condition
        parts.append(str(error.getCondition() or ""))
    parts += _java_words(error)
    seen = error.__cause__ or error.__context__
    if seen is not None and seen is not error:
        parts.append(f"{type(seen).__name__} {seen}")
    return "\n".join(parts)


def _java_words(error) -> list:
    """What the Java exception below a Py4JJavaError says, and its causes; the JVM may be gone, then an empty list."""
    words, java = [], getattr(error, "java_exception", None)
    with contextlib.suppress(Exception):
        while java is not None and len(words) < 8:
            words.append(str(java.toString()))
            java = java.getCause()
    return words


def translate(error: BaseException) -> "tuple[str, str] | None":
    """(what happened, the one thing to do) for a known failure, None for one that no entry speaks of."""
    text = described(error)
    for entry in (*ENTRIES, FUNCTION):
        found = re.search(entry.pattern, text)
        if found:
            words = {name: value.strip(" .,") for name, value in found.groupdict().items() if value}
            cause = entry.cause() if callable(entry.cause) else entry.cause.format_map(_Known(words))
            return cause, entry.fix.format_map(_Known(words))
    return None


class _Known(dict):
    def __missing__(self, name):
        return "(see below)"


def first_words(error: BaseException) -> str:
    """The first line of what the engine says: of the innermost Java cause, or of the stream that ended."""
    inner = STREAM.search(str(error))
    if inner and inner.group("cause"):
        return inner.group("cause")
    words = (_java_words(error) or [str(error)])[-1]
    first, *more = [line.strip() for line in words.splitlines() if line.strip()] or [type(error).__name__]
    return f"{first} {more[0]}" if first.endswith(":") and more and not more[0].startswith("Traceback") else first
