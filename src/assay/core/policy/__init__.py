"""What a workspace requires: rules over facts, and the findings they make."""
