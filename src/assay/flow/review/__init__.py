"""Submission, waivers, approval and rejection."""
