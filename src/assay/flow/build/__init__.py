"""Building and verifying environments, and collecting what nothing needs."""
