"""The check of the stack's parameters, before any function gets them."""
