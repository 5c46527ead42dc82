"""SETTINGS, addresses and start-up: the composition root."""
