"""Assay: the approval desk for Python environments."""
