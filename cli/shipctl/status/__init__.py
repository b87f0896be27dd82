"""`shipctl status`: show the state of an installation on one screen."""
