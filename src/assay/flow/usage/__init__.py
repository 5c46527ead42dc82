"""Usage: sums of launches per day, and which libraries are imported."""
