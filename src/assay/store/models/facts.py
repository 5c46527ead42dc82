"""Facts of files and projects, stored once for all locks that share them."""

from __future__ import annotations

from django.db import models


class LockedFile(models.Model):
    """One file from one index, as policies use it. `licence` is an SPDX expression, '' when unknown.

    `key` is the file's SHA-256 and its index; `uploaded` is None when the index did not report it.
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
    """The files of a lock, as ids of `LockedFile` in ascending order."""

    lock = models.OneToOneField("Lock", on_delete=models.CASCADE, primary_key=True, related_name="facts")
    files = models.JSONField()

    def __str__(self) -> str:
        return f"facts of {self.lock_id}"


class ProjectFacts(models.Model):
    """The metadata of a project from its index, and when it was last fetched."""

    name = models.CharField(primary_key=True, max_length=200)
    document = models.JSONField()
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
