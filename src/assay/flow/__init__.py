"""Use cases: each loads rows, decides with core, acts, stores the result and records an event."""
