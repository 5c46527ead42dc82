"""HOW environments are made: the only code that runs uv."""
