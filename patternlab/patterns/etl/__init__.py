"""Pattern 01, ETL: the departures that the target must equal, the feed with its dirt, and lab 01."""
