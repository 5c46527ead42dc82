"""From a request to a lock: which version and file of each library, and from which index. `uv.py` is uv's part."""
