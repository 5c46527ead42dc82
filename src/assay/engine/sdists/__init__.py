"""Building a wheel from a source distribution, in the sandbox."""
