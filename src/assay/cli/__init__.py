"""The `assay` command: one module per group of commands."""
