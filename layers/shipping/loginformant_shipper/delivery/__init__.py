"""Fill batches and deliver them before the deadline, or report why they failed."""
