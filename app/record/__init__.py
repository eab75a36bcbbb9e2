"""Results made into files: the overlay, videos and predictions."""
