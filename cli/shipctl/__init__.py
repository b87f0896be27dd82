"""shipctl, the operator's command line: a package for each command, and modules that commands share."""
