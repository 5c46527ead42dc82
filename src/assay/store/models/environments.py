"""Environments and their versions."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from assay.core.lifecycle import Health, Status
from assay.core.spec import Spec
from assay.store.models.builds import Lock
from assay.store.models.people import Workspace


class Environment(models.Model):
    """A named line of versions. `active` is the version that its name stands for, `latest` the last created one.

    `last_number` is the highest version number so far, so that the number of a deleted draft is not used again.
    `rollout` is the roll-out in progress: its pilot group gets its version by the name. An administrator marked a
    `template` to start new environments from.

    What the catalogue sorts by is repeated here, so that an index serves it (`store.sort_columns` keeps it true):
    `shown_…` of the active version, or else of the latest one, `recent_people` of the summary of 30 days, and
    `owner_name` of the owner, whose name never changes.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="environments")
    slug = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    tags = models.JSONField(default=list, blank=True)
    last_number = models.PositiveIntegerField(default=0)
    active = models.ForeignKey("Version", null=True, blank=True, on_delete=models.SET_NULL, related_name="active_of")
    latest = models.ForeignKey("Version", null=True, blank=True, on_delete=models.SET_NULL, related_name="latest_of")
    template = models.BooleanField(default=False)
    rollout = models.ForeignKey("Rollout", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    shown_number = models.PositiveIntegerField(null=True, blank=True)
    shown_python = models.CharField(max_length=8, blank=True, default="", db_default="")
    shown_health = models.CharField(max_length=16, blank=True, default="", db_default="")
    shown_libraries = models.PositiveIntegerField(default=0, db_default=0)
    shown_size = models.BigIntegerField(default=0, db_default=0)
    shown_published_at = models.DateTimeField(null=True, blank=True)
    recent_people = models.PositiveIntegerField(default=0, db_default=0)
    owner_name = models.CharField(max_length=150, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "slug"], name="one_slug_per_workspace")]
        indexes: ClassVar = [
            models.Index("workspace", Lower("title"), "id", name="environment_by_title"),
            models.Index(
                fields=["workspace", "title", "id"], condition=models.Q(template=True), name="environment_templates"
            ),
            *(
                models.Index(fields=["workspace", column, "id"], name=f"environment_by_{name}")
                for column, name in (
                    ("shown_number", "number"),
                    ("shown_python", "python"),
                    ("shown_health", "health"),
                    ("shown_libraries", "libraries"),
                    ("shown_size", "size"),
                    ("shown_published_at", "published"),
                    ("recent_people", "people"),
                    ("owner_name", "owner"),
                )
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class Version(models.Model):
    """One version: spec, lock, build, status. `revision` increases with every change, for compare-and-set.

    `ends_at` is the planned end of a deprecated version, `end_reminded` how many days before it people were
    reminded last; `renewed_at` is the last renewal of the approval.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Status])
    health = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Health], default=Health.OK)
    revision = models.PositiveIntegerField(default=0)
    rounds = models.PositiveIntegerField(default=0)
    spec = models.JSONField()
    base = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="derived_versions")
    python = models.CharField(max_length=8)
    lock = models.ForeignKey(Lock, null=True, blank=True, on_delete=models.PROTECT, related_name="versions")
    build = models.ForeignKey("Build", null=True, blank=True, on_delete=models.SET_NULL, related_name="current_of")
    reason = models.TextField(blank=True, default="")
    successor = models.CharField(max_length=64, blank=True, default="")
    ends_at = models.DateTimeField(null=True, blank=True, db_index=True)
    end_reminded = models.PositiveSmallIntegerField(null=True, blank=True)
    renewed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "number"], name="one_number_per_environment")
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "submitted_at"], name="version_queue"),
            models.Index(fields=["status", "published_at", "id"], name="version_published"),
            models.Index(fields=["author", "status"], name="version_by_author"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The version's name, e.g. `geo@3`."""
        return f"{self.environment.slug}@{self.number}"

    @property
    def parsed_spec(self) -> Spec:
        """The spec as a value of `core`."""
        return Spec.from_dict(self.spec)

    @property
    def digest(self) -> str:
        """The lock's digest, '' until it is built."""
        return self.lock.digest if self.lock else ""
