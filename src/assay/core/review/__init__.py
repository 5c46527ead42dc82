"""What reviewers say, and when a submission is approved."""
