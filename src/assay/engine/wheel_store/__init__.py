"""Unpacked wheels, stored under their hash and linked into environments. `uv_unpack.py` is uv's part."""
