"""The pages of Studio: environments, editor, build, comparison, launch."""
