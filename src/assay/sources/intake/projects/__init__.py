"""Project files of all tools; `setup.py` is read and never run."""
