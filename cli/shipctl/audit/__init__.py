"""`shipctl audit`: compare what was logged with what arrived, for each log group."""
