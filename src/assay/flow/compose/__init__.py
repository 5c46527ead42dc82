"""Composing: drafts, resolving them, and fixes for conflicts."""
