"""Submitting, waiving, approving and rejecting."""
