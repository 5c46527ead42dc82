"""Environments that an administrator marked as templates."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add the mark; no environment has it yet."""

    dependencies: ClassVar = [("store", "0027_build_from_source")]
    operations: ClassVar = [
        migrations.AddField("environment", "template", models.BooleanField(default=False)),
    ]
