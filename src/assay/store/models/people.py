"""People, workspaces, memberships and API tokens."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models

from assay.core.roles import Role


class Person(AbstractUser):
    """A person who signs in. Their user name is also their name at JupyterHub."""

    email_notifications = models.BooleanField(default=True)


class Workspace(models.Model):
    """A tenant: people of one workspace see nothing of another.

    `notified_up_to` is the sequence of the last event for which notifications and deliveries exist. `record_imports`:
    sessions report which libraries they import. `review_rules`, `approval_validity` and `rollout` are documents of
    `core.maintenance`; `rebase_automatically`: a new version of a base starts a wave.
    """

    slug = models.SlugField(max_length=32, unique=True)
    title = models.CharField(max_length=200)
    self_approval = models.BooleanField(default=False)
    approvals = models.PositiveSmallIntegerField(default=1)
    approval_groups = models.JSONField(default=list, blank=True)
    auto_approve = models.BooleanField(default=False)
    require_sandbox = models.BooleanField(default=False)
    allow_sdists = models.BooleanField(default=True)
    personal_overlays = models.BooleanField(default=False)
    record_imports = models.BooleanField(default=True)
    review_rules = models.JSONField(default=dict, blank=True)
    approval_validity = models.JSONField(default=dict, blank=True)
    rollout = models.JSONField(default=dict, blank=True)
    rebase_automatically = models.BooleanField(default=False)
    event_count = models.BigIntegerField(default=0)
    notified_up_to = models.BigIntegerField(default=0)
    event_head = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    """The role of a person in a workspace, and the reviewer groups they belong to."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in Role])
    groups = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "person"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.person} is {self.role} in {self.workspace}"


class ApiToken(models.Model):
    """A named API token. Assay keeps only its SHA-256; `hint` is its first characters."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=64)
    hint = models.CharField(max_length=16)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"
