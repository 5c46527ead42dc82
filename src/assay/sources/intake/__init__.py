"""Import of dependency files: one reader per kind; every entry is taken, merged or left out with its reason."""
