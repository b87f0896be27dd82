"""`shipctl backfill`: ship past log events through the stack's shipper."""
