"""`shipctl subscriptions`: which log groups are shipped, and which should be."""
