"""Scripts in a published version."""
