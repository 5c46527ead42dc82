"""From a request to a lock: which version and file of each library, and from which index. Mostly uv's part."""
