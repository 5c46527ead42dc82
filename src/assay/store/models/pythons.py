"""The Pythons of the installation: what an administrator decided about each, and its installation."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

INSTALLING = ("queued", "installing")


class PythonVersion(models.Model):
    """One minor version (`3.12`) of this installation; a Python without a row is offered.

    `wanted` is the version that is or was installed, `state` of that installation: '', queued, installing, installed
    or failed, and `detail` its last line. `requested_by` is a name, as in the audit log.
    """

    minor = models.CharField(max_length=8, unique=True)
    offered = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)
    wanted = models.CharField(max_length=16, blank=True, default="")
    state = models.CharField(max_length=16, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    requested_by = models.CharField(max_length=150, blank=True, default="")
    requested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_python"
            )
        ]

    def __str__(self) -> str:
        return f"Python {self.minor}"

    @property
    def installing(self) -> bool:
        """Whether its installation is queued or running."""
        return self.state in INSTALLING
