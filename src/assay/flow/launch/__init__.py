"""Launching published versions, with applications and secrets."""
