"""Notifications, webhooks and webhook deliveries."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Notification(models.Model):
    """One event for one person. `mail` is '' when no email is sent, else `due` or `sent`."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="notifications")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    sequence = models.BigIntegerField()
    event = models.CharField(max_length=40)
    environment = models.CharField(max_length=32)
    number = models.PositiveIntegerField()
    text = models.TextField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "person", "sequence"], name="notified_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "read_at"], name="notification_unread"),
            models.Index(fields=["mail"], condition=models.Q(mail="due"), name="notification_due"),
        ]

    def __str__(self) -> str:
        return self.text


class Webhook(models.Model):
    """An address that receives events. `secret` is encrypted (store/encryption); empty `events` mean the default."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=500)
    events = models.JSONField(default=list)
    secret = models.TextField()
    allow_private = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


class Delivery(models.Model):
    """One event for one webhook. `next_at` is None after delivery or the last attempt; `error` is the last error."""

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
