"""Builds and verifications of environments, and garbage collection."""
