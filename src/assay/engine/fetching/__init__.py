"""Getting files from package indexes: checked addresses, hashes while they arrive, resumed. Shared by all engines."""
