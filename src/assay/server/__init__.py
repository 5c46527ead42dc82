"""Settings, URLs and start-up: the composition root."""
