"""FACTS from outside: package index, advisories, licences."""
