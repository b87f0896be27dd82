"""`shipctl doctor`: check an installation."""
