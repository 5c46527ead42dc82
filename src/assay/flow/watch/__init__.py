"""Monitoring after approval: advisories, suggested updates, quarantine."""
