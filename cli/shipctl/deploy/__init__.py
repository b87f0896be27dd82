"""`shipctl deploy`: create and update the stack."""
