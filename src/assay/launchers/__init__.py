"""Where processes run: one protocol for launchers, and a launcher for this machine."""
