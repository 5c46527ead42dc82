"""Facts of files and projects, kept once for all locks that share them."""

from __future__ import annotations

from django.db import models


class LockedFile(models.Model):
    """One file from one index, as a policy looks at it. `licence` is SPDX, '' when unknown.

    `key` is the file's SHA-256 with the index it came from; `uploaded` None when the index did not say.
    """

    key = models.CharField(max_length=600, unique=True)
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100)
    index = models.CharField(max_length=500, blank=True, default="")
    wheel = models.BooleanField()
    licence = models.CharField(max_length=300, blank=True, default="")
    uploaded = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class LockFacts(models.Model):
    """Which files a lock holds: their row numbers, ascending."""

    lock = models.OneToOneField("Lock", on_delete=models.CASCADE, primary_key=True, related_name="facts")
    files = models.JSONField()

    def __str__(self) -> str:
        return f"facts of {self.lock_id}"


class ProjectFacts(models.Model):
    """What the index told of a project, and when it was asked last."""

    name = models.CharField(primary_key=True, max_length=200)
    document = models.JSONField()
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
