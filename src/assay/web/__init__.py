"""PAGES: one view module and one template per page."""
