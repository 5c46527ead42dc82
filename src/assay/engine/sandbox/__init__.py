"""Running package code without network, home, secrets or writable files, and with limits. Shared by all engines."""
