"""What all tests share: a home of their own, set before any of our modules is loaded."""

from __future__ import annotations

import os
import tempfile

os.environ["ASSAY_HOME"] = tempfile.mkdtemp(prefix="assay-tests-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.server.settings")
