"""`shipctl deploy`: makes the stack, and changes it."""
