"""The notebook kernel of an environment, also where it has no ipykernel, and the `pip` command inside it."""
