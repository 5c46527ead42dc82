"""HTTP and JSON: one router per noun."""
