"""Pattern 16, real-time analytics: departures that come live, readers that ask at once, its truths, and lab 16."""
from ...session import together
from .around import arriving, asked, quiet, sending, speeds
from .scene import (aged, ages, as_spark, by_store, copied, delta_table, desk_at, messages_of, parquet, slowest_of,
                    split, three, topics, tuples)

__all__ = ["aged", "ages", "arriving", "as_spark", "asked", "by_store", "copied", "delta_table", "desk_at",
           "messages_of", "parquet", "quiet", "sending", "slowest_of", "speeds", "split", "three", "together", "topics",
           "tuples"]
