"""What an installed stack says of itself: read only, and shown elsewhere."""
