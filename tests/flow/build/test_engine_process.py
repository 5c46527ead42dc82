"""What is read of the files that an engine's process writes."""

from __future__ import annotations

import json
from pathlib import Path

from assay.flow.build.engine_process import read_json


def test_a_document_that_a_power_failure_left_empty_is_none(tmp_path: Path) -> None:
    """As one that was not written; nobody waits for the disk, and its process ended with the machine."""
    document = tmp_path / "outcome.json"
    assert read_json(document) is None
    document.touch()
    assert read_json(document) is None
    document.write_text(json.dumps({"digest": "a"}))
    assert read_json(document) == {"digest": "a"}
