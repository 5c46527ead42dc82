"""Scripts, notebooks and apps in a published version: projects, and their runs."""
