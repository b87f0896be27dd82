"""`shipctl doctor`: an installation looked over, check by check."""
