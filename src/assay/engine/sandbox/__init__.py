"""Running package code without network, home, secrets or write access, within limits. Shared by all engines."""
