"""`shipctl backfill`: history is shipped through the stack's own shipper."""
