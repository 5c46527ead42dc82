"""Scripts in a published version: projects, and their runs."""
