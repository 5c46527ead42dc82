"""Every route declares who may call it, and nothing changes a status without an event."""

from __future__ import annotations

import re
from pathlib import Path

from assay.api.app import api
from assay.core.roles import Right
from assay.web.urls import urlpatterns

SOURCE = Path(__file__).resolve().parents[2] / "src" / "assay"


def test_every_route_of_the_api_declares_its_right() -> None:
    """A route without `@needs` cannot be added by accident."""
    operations = [
        operation
        for _, router in api._routers
        for view in router.path_operations.values()
        for operation in view.operations
    ]
    assert len(operations) > 25
    for operation in operations:
        view = operation.view_func
        assert isinstance(getattr(view, "right", None), Right), view


def test_every_page_declares_its_right() -> None:
    """A page without `@page` cannot be added by accident; the address of home only redirects."""
    for pattern in urlpatterns:
        if pattern.name != "home":
            assert isinstance(getattr(pattern.callback, "right", None), Right), pattern


def test_only_one_module_changes_a_status() -> None:
    """Law 3: `store/transitions.py` writes `status=` and records an event with it; drafts begin in one place."""
    writes = re.compile(r"\.update\([^)]*\bstatus=|touch\([^)]*\bstatus=|\.status = ", re.DOTALL)
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts and writes.search(path.read_text())
    }
    assert found == {"store/transitions.py"}
