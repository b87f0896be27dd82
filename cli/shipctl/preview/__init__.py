"""`shipctl preview` and `shipctl tail`: how logs would arrive, by the shipper's own code."""
