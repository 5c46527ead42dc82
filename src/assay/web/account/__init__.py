"""The account pages, and sign-in."""
