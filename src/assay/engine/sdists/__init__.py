"""Building a wheel from a source distribution, in the sandbox. Part of uv's engine."""
