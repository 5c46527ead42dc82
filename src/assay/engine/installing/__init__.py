"""From stored wheels to a sealed directory: link, manifest, seal, integrity. `uv.py` is uv's part."""
