"""Lock files: exact versions with their markers, choices, and what requires what."""
