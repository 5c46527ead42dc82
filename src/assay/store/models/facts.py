"""Facts of files and projects, stored once for all locks that share them."""

from __future__ import annotations

from django.db import models


class LockedFile(models.Model):
    """One file from one index, as policies use it. `licence` is an SPDX expression, '' when unknown.

    `key` is the file's SHA-256 and its index; `uploaded` is None when the index did not report it; `size` is the
    installed bytes in the first build with it, None when unknown.
    """

    key = models.CharField(max_length=600, unique=True)
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100)
    index = models.CharField(max_length=500, blank=True, default="")
    wheel = models.BooleanField()
    licence = models.CharField(max_length=300, blank=True, default="")
    uploaded = models.DateField(null=True, blank=True)
    size = models.BigIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class LockFacts(models.Model):
    """The files of a lock, as ascending ids of `LockedFile`, and what its build observed (`core.observations`)."""

    lock = models.OneToOneField("Lock", on_delete=models.CASCADE, primary_key=True, related_name="facts")
    files = models.JSONField()
    observations = models.JSONField()

    def __str__(self) -> str:
        return f"facts of {self.lock_id}"


class ProjectFacts(models.Model):
    """The metadata of a project from its index, and when it was last fetched."""

    name = models.CharField(primary_key=True, max_length=200)
    document = models.JSONField()
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ApprovedLibrary(models.Model):
    """A library that was published in a workspace at least once; `version` is the first that contained it."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE)
    name = models.CharField(max_length=200)
    version = models.ForeignKey("Version", on_delete=models.CASCADE)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("workspace", "name"), name="one_approved_library"),)
        indexes = (models.Index(fields=("name",), name="approved_library_name"),)

    def __str__(self) -> str:
        return f"{self.name} since {self.version_id}"
