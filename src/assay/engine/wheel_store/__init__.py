"""Unpacked wheels, kept by content and linked into environments."""
