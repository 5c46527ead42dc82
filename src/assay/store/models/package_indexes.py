"""Package indexes of a workspace."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class PackageIndex(models.Model):
    """The default index, or one that owns names by its `patterns`. `secret` is encrypted (store/encryption)."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="package_indexes")
    name = models.CharField(max_length=32)
    url = models.CharField(max_length=500)
    position = models.PositiveIntegerField(default=0)
    patterns = models.JSONField(default=list)
    is_default = models.BooleanField(default=False)
    allow_private = models.BooleanField(default=False)
    username = models.CharField(max_length=200, blank=True, default="")
    secret = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "name"], name="one_index_name"),
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(is_default=True), name="one_default_index"
            ),
        ]

    def __str__(self) -> str:
        return self.name
