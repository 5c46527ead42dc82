"""The pages of Admin: review, policy, health, package indexes, workspace."""
