"""The pages of Admin: review, policy, health, indexes, workspace."""
