"""Background jobs: the worker's loop, delivery of notifications, and periodic tasks."""
