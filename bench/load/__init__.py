"""Many people at once: a server with a large installation, requests at a constant rate, and how long each took."""
