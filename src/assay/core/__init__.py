"""PURE: what things are and what is allowed. No I/O, clock or randomness."""
