"""From a directory to its report: files, requirements, imports, kernel, commands. Shared by all engines."""
