"""A notebook kernel for environments without one, and what `pip` is inside it."""
