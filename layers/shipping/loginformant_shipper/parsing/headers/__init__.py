"""Parse the header of a log line: time, level, thread, logger, and the beginning of the text."""
