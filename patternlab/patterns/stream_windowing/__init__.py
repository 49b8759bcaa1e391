"""Pattern 07, stream windowing: the oracle that foretells what Spark publishes and drops, batch truths, and lab 07."""
from .oracle import added_latency, cuts, per_batch, records, spark_windows

__all__ = ["added_latency", "cuts", "per_batch", "records", "spark_windows"]
