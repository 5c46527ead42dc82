"""What runs inside people's processes, and reports which libraries they import. On their PYTHONPATH."""
