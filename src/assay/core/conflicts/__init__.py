"""Conflicts: what a failed resolution says, and the changes to a spec that may end it."""
