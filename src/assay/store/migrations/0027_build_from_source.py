"""Workspaces allow builds from source unless somebody decided against it.

`allow_sdists` was False for every workspace that nobody had set it in: no decision, only the former default. The audit
log tells the two apart: each change of a setting is one of its events (`workspace.set`). A workspace in which somebody
set it keeps what they set; every other one follows the new default. Decision 0025 gives the reasons.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import migrations, models


def allow(apps: Any, editor: Any) -> None:  # noqa: ANN401, ARG001 - Django's own signature
    """Allow builds from source where no event says that somebody set it."""
    events = apps.get_model("store", "Event").objects.filter(name="workspace.set")
    decided = {row["workspace_id"] for row in events.values("workspace_id", "detail") if "allow_sdists" in row["detail"]}
    apps.get_model("store", "Workspace").objects.exclude(pk__in=decided).update(allow_sdists=True)


class Migration(migrations.Migration):
    """Change the default, and the workspaces that have the former one."""

    dependencies: ClassVar = [("store", "0026_usage_by_owner")]
    operations: ClassVar = [
        migrations.AlterField("workspace", "allow_sdists", models.BooleanField(default=True)),
        migrations.RunPython(allow, migrations.RunPython.noop),
    ]
