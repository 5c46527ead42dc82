"""COMMANDS: one module per group."""
