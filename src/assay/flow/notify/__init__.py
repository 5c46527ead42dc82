"""Telling people and webhooks what happened."""
