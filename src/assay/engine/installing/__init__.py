"""From a lock to a sealed directory: link, verify, write the manifest, seal; and whether it is intact later."""
