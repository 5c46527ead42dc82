"""Usage of versions as sums that are kept up: per day, per person, per period, and which libraries are imported."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class DailyUse(models.Model):
    """The use of a version on one day (UTC), by kind of launch and size of server.

    `launches` started on that day; `seconds` ran on that day, whenever they started. Both are sums over `Launch`
    and can be computed again from it.
    """

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="+")
    environment = models.ForeignKey("Environment", on_delete=models.CASCADE, related_name="daily_use")
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="daily_use")
    day = models.DateField()
    kind = models.CharField(max_length=16)
    size = models.CharField(max_length=32, blank=True, default="")
    launches = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "day", "kind", "size"], name="one_daily_use"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "day"], name="daily_use_by_day"),
            models.Index(fields=["environment", "day"], name="daily_use_by_environment"),
        ]

    def __str__(self) -> str:
        return f"version {self.version_id} on {self.day}"


class PersonUse(models.Model):
    """The last day on which a person launched a version; so the people of any last N days are one count."""

    environment = models.ForeignKey("Environment", on_delete=models.CASCADE, related_name="person_use")
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="person_use")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    last_day = models.DateField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "person"], name="one_person_use")]
        indexes: ClassVar = [
            models.Index(fields=["environment", "last_day", "person"], name="person_use_by_environment")
        ]

    def __str__(self) -> str:
        return f"person {self.person_id} in version {self.version_id}"


class DailyPeople(models.Model):
    """How many people launched an environment on a day (UTC)."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="+")
    environment = models.ForeignKey("Environment", on_delete=models.CASCADE, related_name="daily_people")
    day = models.DateField()
    people = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "day"], name="one_daily_people"),
        ]
        indexes: ClassVar = [models.Index(fields=["workspace", "day"], name="daily_people_by_day")]

    def __str__(self) -> str:
        return f"people in environment {self.environment_id} on {self.day}"


class WorkspaceDay(models.Model):
    """The use of all environments of a workspace on a day (UTC), computed from the rows of that day when `stale`."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="usage_days")
    day = models.DateField()
    people = models.PositiveIntegerField(default=0)
    launches = models.PositiveIntegerField(default=0)
    runs = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    stale = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "day"], name="one_workspace_day")]
        indexes: ClassVar = [
            models.Index(fields=["day"], condition=models.Q(stale=True), name="workspace_day_to_compute"),
        ]

    def __str__(self) -> str:
        return f"workspace {self.workspace_id} on {self.day}"


class PeriodUse(models.Model):
    """The use in the last `days` days, for pages that sort by it.

    `runs` are launches by projects; `last_day` is the day of the last launch, also before the period. `cost` is the
    price of the hours and of the own bytes in the period. `size` and `own_size` are installed bytes of versions that
    are not retired: all, and those that nothing else uses.
    """

    days = models.PositiveSmallIntegerField()
    people = models.PositiveIntegerField(default=0)
    launches = models.PositiveIntegerField(default=0)
    runs = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0)
    cost = models.FloatField(default=0)
    last_day = models.DateField(null=True, blank=True)
    size = models.BigIntegerField(default=0)
    own_size = models.BigIntegerField(default=0)
    computed_at = models.DateTimeField()

    class Meta:
        abstract = True


class UsageSummary(PeriodUse):
    """The use of an environment in a period. `own_size` counts what no other environment uses.

    `basis` is what the row was computed from, the day and the prices; '' when use or sizes have changed since.
    """

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="+")
    environment = models.ForeignKey("Environment", on_delete=models.CASCADE, related_name="usage_summaries")
    basis = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["environment", "days"], name="one_usage_summary")]
        indexes: ClassVar = [
            *(
                models.Index(fields=["workspace", "days", column], name=f"usage_by_{column}")
                for column in ("people", "launches", "seconds", "cost", "own_size", "last_day")
            ),
            models.Index(fields=["days", "basis"], name="usage_by_basis"),
        ]

    def __str__(self) -> str:
        return f"environment {self.environment_id} in {self.days} days"


class VersionUsage(PeriodUse):
    """The use of a published version in a period. `own_size` counts what no other version uses.

    `imported` is how many of its libraries were imported, null while no session was recorded.
    """

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="+")
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="usage")
    imported = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "days"], name="one_version_usage")]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "days", column], name=f"version_usage_{column}")
            for column in ("people", "launches", "seconds", "cost", "own_size", "last_day")
        ]

    def __str__(self) -> str:
        return f"version {self.version_id} in {self.days} days"


class GroupUsage(PeriodUse):
    """The use of all environments of one owner, or of the owners in one team group.

    `by` says which; `name` is the user name or the group, '' for owners without a group. `own_size` is the sum of
    the environments' own bytes.
    """

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="+")
    by = models.CharField(max_length=8)
    name = models.CharField(max_length=150, blank=True, default="")
    environments = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "days", "by", "name"], name="one_group_usage")
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.name} in {self.days} days"


class WorkspaceUsage(models.Model):
    """The people of a workspace in the last `days` days, and the installed bytes of all versions not retired."""

    workspace = models.ForeignKey("Workspace", on_delete=models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField()
    people = models.PositiveIntegerField(default=0)
    size = models.BigIntegerField(default=0)
    computed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["workspace", "days"], name="one_workspace_usage")]

    def __str__(self) -> str:
        return f"workspace {self.workspace_id} in {self.days} days"


class ImportSession(models.Model):
    """A session that reports its imports: which libraries it has been counted for. Removed after a few days.

    `key` is random: nothing leads from a session to a launch or a person.
    """

    key = models.CharField(primary_key=True, max_length=32)
    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="import_sessions")
    day = models.DateField()
    libraries = models.JSONField(default=list)
    seen_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["seen_at"], name="import_session_age")]

    def __str__(self) -> str:
        return f"session in version {self.version_id}"


class LibraryUse(models.Model):
    """In how many sessions of a version that began on `day` a library was imported; `library` '' counts all."""

    version = models.ForeignKey("Version", on_delete=models.CASCADE, related_name="library_use")
    day = models.DateField()
    library = models.CharField(max_length=200, blank=True, default="")
    sessions = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "library", "day"], name="one_library_use")
        ]

    def __str__(self) -> str:
        return f"{self.library or 'sessions'} in version {self.version_id} on {self.day}"
