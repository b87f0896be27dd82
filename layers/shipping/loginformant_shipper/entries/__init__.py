"""Turn a log into the log object of the ingest API."""
