"""The periodic review of published versions: what is proposed, what is kept, renewed approvals, and merges."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from assay.store.models.environments import Version


class ReviewItem(models.Model):
    """A published version that a rule of the periodic review selects, with the proposed next step.

    `reasons` are documents {kind, since, words, …}, `since` is the earliest of them. `people` launched it in 90 days,
    `projects` run in it, `derived` versions build on it, `frees` bytes would be removed with it. `proposal` is
    {action, …}. Rows are computed by the worker and can be computed again.
    """

    version = models.OneToOneField("Version", on_delete=models.CASCADE, primary_key=True, related_name="review_item")
    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="review_items")
    reasons = models.JSONField()
    since = models.DateField()
    people = models.PositiveIntegerField(default=0)
    projects = models.PositiveIntegerField(default=0)
    derived = models.PositiveIntegerField(default=0)
    frees = models.BigIntegerField(default=0)
    proposal = models.JSONField()
    computed_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["workspace", "since"], name="review_item_by_age")]

    def __str__(self) -> str:
        return f"review of version {self.version_id}"


class KeptVersion(models.Model):
    """The decision to keep a version until a day; it is not in the review list until then."""

    version = models.OneToOneField("Version", on_delete=models.CASCADE, primary_key=True, related_name="kept")
    until = models.DateField()
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"version {self.version_id} until {self.until}"


class Renewal(models.Model):
    """A renewed approval: a reviewer confirmed a published version again, for its digest."""

    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="renewals")
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"renewal of version {self.version_id}"


class Merge(models.Model):
    """A version that replaces others: when it is published, `sources` are deprecated with it as their successor.

    `by` is `asked` for the union of the direct libraries, `imported` for the imported ones among them.
    """

    version = models.OneToOneField("Version", on_delete=models.CASCADE, primary_key=True, related_name="merge")
    sources: models.ManyToManyField[Version, models.Model] = models.ManyToManyField(
        Version, related_name="merged_into"
    )
    by = models.CharField(max_length=16)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"merge into version {self.version_id}"
