"""Launchers of processes: their protocol, and a launcher for this machine."""
