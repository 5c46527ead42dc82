"""From the facts of a version to its report and its findings."""
