"""Environments behind their base: their active version builds on an older version of it than its active one."""

from __future__ import annotations

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from assay.core.lifecycle import Health, Status
from assay.core.maintenance.wave_plan import Derived
from assay.store.models import Environment, Version, WaveTarget
from assay.store.statements import Parameter, Statement

BASE = "base__environment__active__"


def is_behind(prefix: str = "") -> Q:
    """Return the condition that a version is behind its base; `prefix` leads to the version, e.g. `active__`."""
    newer = Q(**{f"{prefix}{BASE}number__gt": F(f"{prefix}base__number")})
    usable = Q(**{f"{prefix}{BASE}status": Status.PUBLISHED}) & ~Q(**{f"{prefix}{BASE}health": Health.QUARANTINED})
    return newer & usable


def newer_number() -> Case:
    """Return the expression for the number of the version of its base that a version is behind, NULL for none."""
    return Case(When(is_behind(), then=F(f"{BASE}number")))


NEWER_BASE = Statement(
    lambda: Version.objects.filter(is_behind(), pk=Parameter("version")).values_list(
        "base__environment__slug", f"{BASE}number"
    )
)


def behind_base(version: Version) -> str | None:
    """Return the version that a version is behind, e.g. `ds101@4`, None if it is not: one query if it has a base."""
    found = NEWER_BASE.first(version=version.pk) if version.base_id else None
    return f"{found[0]}@{found[1]}" if found else None


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
