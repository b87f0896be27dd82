"""`shipctl subscriptions`: show and change which log groups are shipped."""
