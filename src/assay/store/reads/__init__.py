"""Read models: what pages and API show, each by a handful of queries."""
