"""WHERE processes run: one small protocol, local by default."""
