"""Read models: the data that pages and API show, each loaded with a few queries."""
