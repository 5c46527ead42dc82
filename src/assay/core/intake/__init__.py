"""Imported dependency files: their entries, and one list of libraries out of several files."""
