"""Read the state of a deployed stack. Other packages show it."""
