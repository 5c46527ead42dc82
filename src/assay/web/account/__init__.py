"""The pages of one's own account, and sign-in."""
