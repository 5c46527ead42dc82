"""Settings, urls and start-up: the composition root."""
