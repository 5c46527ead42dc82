"""Sources of facts: package index, advisories, licences, repositories, imported files."""
