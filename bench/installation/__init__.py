"""A large installation, written into a database as the product itself would have written it."""
