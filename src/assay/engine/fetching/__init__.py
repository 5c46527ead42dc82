"""Downloads from package indexes: checked addresses, verified hashes, resumed transfers. Shared by all engines."""
