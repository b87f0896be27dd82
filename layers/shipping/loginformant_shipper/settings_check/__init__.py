"""Check the stack's parameters before any function uses them."""
