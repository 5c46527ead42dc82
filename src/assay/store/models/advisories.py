"""Advisory feeds and their records."""

from __future__ import annotations

from django.db import models


class Feed(models.Model):
    """One load of a feed; the newest is what verdicts rest on.

    `digest` is SHA-256 of the archive, `newest` the time of the record changed last (ISO 8601). `added`,
    `changed` and `removed` count records against the load before; `malformed` were passed over.
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


class AdvisoryRecord(models.Model):
    """One record of the current feed. `digest` is SHA-256 of what was read, so that the same is not read twice.

    `document` is None for what the feed holds and we do not use: malformed, or of another ecosystem.
    """

    id = models.CharField(primary_key=True, max_length=200)
    digest = models.CharField(max_length=64)
    malformed = models.BooleanField(default=False)
    document = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return self.id
