"""What of Spark runs in this process, asked without an import: the cell that runs may import pyspark at this moment.

Spark's Java objects are given: pyspark's classes around them read each query's whole progress as JSON.
"""
import sys


def context():
    """The SparkContext of this process, None where none is up."""
    found = getattr(getattr(sys.modules.get("pyspark"), "SparkContext", None), "_active_spark_context", None)
    return None if found is None or found._jsc is None else found


def session():
    """The SparkSession of this process, None where none is up.

    getActiveSession() is a matter of the thread: after a cell that was stopped within a call of Spark it is None.
    """
    found = getattr(getattr(sys.modules.get("pyspark.sql"), "SparkSession", None), "_instantiatedSession", None)
    return None if context() is None else found


def queries() -> list:
    """The Java objects of the streaming queries that run; [] without a session."""
    found = session()
    return [] if found is None else list(found._jsparkSession.streams().active())
