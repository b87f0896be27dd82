"""Fill batches and deliver them, or say why not, before the deadline."""
