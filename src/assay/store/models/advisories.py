"""Advisory feeds and their records."""

from __future__ import annotations

from django.db import models


class Feed(models.Model):
    """One load of an advisory feed; assessments use the newest.

    `digest` is the SHA-256 of the archive, `newest` the latest modification time of a record (ISO 8601). `added`,
    `changed` and `removed` count records compared with the previous load; `malformed` ones were skipped.
    """

    source = models.CharField(max_length=500)
    digest = models.CharField(max_length=64)
    records = models.PositiveIntegerField()
    malformed = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    newest = models.CharField(max_length=40, blank=True, default="")
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.records} records of {self.source}"


class FeedAttempt(models.Model):
    """The last time that the worker tried to load a feed. `error` says why it failed, '' when it did not."""

    source = models.CharField(primary_key=True, max_length=500)
    at = models.DateTimeField()
    error = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.source}: {self.error or 'loaded'}"


class AdvisoryRecord(models.Model):
    """One record of the current feed. `digest` is the SHA-256 of its source, so an unchanged one is not parsed again.

    `document` is None for a record that is not used: malformed, or of another ecosystem.
    """

    id = models.CharField(primary_key=True, max_length=200)
    digest = models.CharField(max_length=64)
    malformed = models.BooleanField(default=False)
    document = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return self.id
