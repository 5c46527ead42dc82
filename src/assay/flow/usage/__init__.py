"""Usage of published versions: sums over launches, people and bytes, and which libraries are really imported."""
