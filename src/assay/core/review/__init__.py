"""Reviews: decisions, requested changes, and when a submission is approved."""
