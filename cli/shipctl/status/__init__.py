"""`shipctl status`: one screen."""
