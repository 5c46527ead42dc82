"""The HTTP API with JSON: one router per resource."""
