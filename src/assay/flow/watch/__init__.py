"""After approval: advisories, suggested updates, quarantine."""
