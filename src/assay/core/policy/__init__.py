"""The policy of a workspace: rules, the facts that they check, and findings."""
