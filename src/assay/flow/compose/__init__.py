"""Composition of versions: drafts, resolution, and fixes for conflicts."""
