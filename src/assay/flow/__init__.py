"""USE CASES in order: load, decide (core), do, store, record."""
