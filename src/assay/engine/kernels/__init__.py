"""The notebook kernel of an environment, even without its own ipykernel, and the `pip` command inside it."""
