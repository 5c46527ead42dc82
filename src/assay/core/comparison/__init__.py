"""How versions differ, how alike they are, and which libraries stand where."""
