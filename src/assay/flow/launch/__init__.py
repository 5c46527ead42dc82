"""Launches of published versions, applications, and secrets."""
