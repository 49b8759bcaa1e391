"""A query of a lesson is bounded: it begins in an empty folder, ends by itself, and is stopped whatever happens."""
import shutil


def emptied(folder) -> str:
    """`folder`, as text, without what an earlier run left in it: a cell that is run again begins again. It is not made."""
    shutil.rmtree(folder, ignore_errors=True)
    return str(folder)


def finish(query, seconds: float = 300):
    """Wait until a streaming query has ended; the query. It is stopped in any case, also when the cell is interrupted.

    TimeoutError where it has not ended in `seconds`; the query's own error (StreamingQueryException) where it failed.
    """
    try:
        if not query.awaitTermination(seconds):
            raise TimeoutError(f"The query did not end in {seconds:.0f} s. Close other notebooks, run the cell again.")
    finally:
        query.stop()
    return query
