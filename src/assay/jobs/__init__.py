"""WHEN slow things run: the worker's loop and reconciliation after a crash."""
