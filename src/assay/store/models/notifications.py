"""Notices of people, webhooks, and what is on its way to them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Notice(models.Model):
    """One event as one person is told of it. `mail`: '' not meant to be mailed, else `due` or `sent`."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="notices")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    sequence = models.BigIntegerField()
    event = models.CharField(max_length=40)
    environment = models.CharField(max_length=32)
    number = models.PositiveIntegerField()
    words = models.TextField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "person", "sequence"], name="told_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "read_at"], name="notice_unread"),
            models.Index(fields=["mail"], condition=models.Q(mail="due"), name="notice_due"),
        ]

    def __str__(self) -> str:
        return self.words


class Webhook(models.Model):
    """An address that is told of events. `secret` is encrypted (store/vault); `events` empty means all."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    secret = models.TextField()
    allow_private = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One event on its way to one webhook. `next_at` None: it arrived, or was given up (then `error` says why)."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    sequence = models.BigIntegerField()
    event = models.CharField(max_length=40)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, db_index=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["webhook", "sequence"], name="delivered_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}"
