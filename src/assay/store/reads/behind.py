"""Environments behind their base: their active version builds on an older version of it than its active one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from assay.core.lifecycle import Health, Status
from assay.core.maintenance.wave_plan import Derived
from assay.store.models import Environment, Version, WaveTarget

BASE = "base__environment__active__"
COLUMNS = ("base__number", "base__environment__slug", *(f"{BASE}{one}" for one in ("number", "status", "health")))


def is_behind(prefix: str = "") -> Q:
    """Return the condition that a version is behind its base; `prefix` leads to the version, e.g. `active__`."""
    newer = Q(**{f"{prefix}{BASE}number__gt": F(f"{prefix}base__number")})
    usable = Q(**{f"{prefix}{BASE}status": Status.PUBLISHED}) & ~Q(**{f"{prefix}{BASE}health": Health.QUARANTINED})
    return newer & usable


def newer_base(columns: Mapping[str, Any], prefix: str = "") -> str | None:
    """Return the version that a row is behind, e.g. `ds101@4`, from its `COLUMNS`; None when it is not behind."""
    number, health = columns[f"{prefix}{BASE}number"], columns[f"{prefix}{BASE}health"]
    if number is None or columns[f"{prefix}{BASE}status"] != Status.PUBLISHED or health == Health.QUARANTINED:
        return None
    slug = columns[f"{prefix}base__environment__slug"]
    return f"{slug}@{number}" if number > columns[f"{prefix}base__number"] else None


def behind_base(version: Version) -> str | None:
    """Return the version that a version is behind, None when it is not. Load `base__environment__active` with it."""
    active = version.base.environment.active if version.base else None
    if active is None or version.base is None or active.status != Status.PUBLISHED:
        return None
    if active.health == Health.QUARANTINED or active.number <= version.base.number:
        return None
    return f"{version.base.environment.slug}@{active.number}"


def behind(environment: Environment) -> QuerySet[Environment]:
    """Select the environments that build on an older version of this one than its active one."""
    return Environment.objects.filter(is_behind("active__"), active__base__environment=environment)


def derived_in(workspace_id: int) -> list[Derived]:
    """Return every environment of a workspace whose active version has a base: one query.

    A draft that an ended wave left, and that nobody changed since, is no work in progress.
    """
    left = WaveTarget.objects.filter(
        draft=OuterRef("pk"), wave__state__in=["done", "stopped"], updated_at__gte=OuterRef("updated_at")
    )
    newer = Version.objects.filter(environment=OuterRef("pk"), number__gt=OuterRef("active__number"))
    in_progress = newer.filter(Q(status=Status.PENDING) | (Q(status=Status.DRAFT) & ~Exists(left)))
    in_wave = WaveTarget.objects.filter(
        wave__state="running", source__environment=OuterRef("pk"), state__in=["queued", "building", "built"]
    )
    rows = Environment.objects.filter(workspace_id=workspace_id, active__base__isnull=False)
    return [
        Derived(
            environment=slug,
            number=number,
            base=base,
            base_number=base_number,
            owner=owner,
            deprecated=status != Status.PUBLISHED,
            drafting=drafting,
            wave=wave,
        )
        for slug, number, base, base_number, owner, status, drafting, wave in rows.annotate(
            drafting=Exists(in_progress), wave=Subquery(in_wave.values("wave")[:1])
        ).values_list(
            "slug",
            "active__number",
            "active__base__environment__slug",
            "active__base__number",
            "owner__username",
            "active__status",
            "drafting",
            "wave",
        )
    ]
