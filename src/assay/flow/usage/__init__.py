"""Usage of published versions: sums over launches, people and bytes, kept up as launches are recorded."""
