"""PAGES: one view module and one template for each page."""
