"""What a finished environment does and holds: imports, kernel, commands. Shared by all engines."""
