"""Known vulnerabilities and malware, and the updates that fix them."""
