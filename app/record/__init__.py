"""Results made into files: the overlay, videos, and what was found beside them."""
