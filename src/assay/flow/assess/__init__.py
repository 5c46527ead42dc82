"""Assessment: compute the report and the findings of a version from its facts."""
