"""shipctl: the operator's command line. A module for each group of commands, and what they share."""
