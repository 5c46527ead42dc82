"""Differences between versions, their similarity, and which environments contain which libraries."""
