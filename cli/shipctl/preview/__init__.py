"""`shipctl preview` and `shipctl tail`: show how logs would arrive, without sending them."""
