"""Read the header of a log line once: time, level, thread, logger, and where the text begins."""
