"""One module per real process (Java, Spark, Kafka, PostgreSQL, Connect) and what they share; notebooks never import it."""
