"""Domain types and rules. PURE: no I/O, clock or randomness."""
