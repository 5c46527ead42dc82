"""Waves and their targets: who may see them, counts by state, and rows of tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat, Lower

from assay.core.maintenance.wave_plan import Target, counts_in_words
from assay.core.roles import Actor, Right, may_see
from assay.store.models import Environment, Wave, WaveTarget
from assay.store.reads.keyset import Page, read_page
from assay.store.reads.ordering import Columns, Order

ATTENTION = (  # the order of states in a table: what a person should look at first
    Target.FAILED,
    Target.BUILDING,
    Target.BUILT,
    Target.QUEUED,
    Target.SUBMITTED,
    Target.PUBLISHED,
    Target.STOPPED,
)


@dataclass(frozen=True, kw_only=True)
class WaveRow:
    """One wave of a list. `counts` are its targets by state."""

    id: int
    base: str
    by: str
    automatic: bool
    state: str
    counts: dict[str, int]
    started: datetime
    ended: datetime | None

    @property
    def targets(self) -> int:
        """The number of its targets."""
        return sum(self.counts.values())

    @property
    def words(self) -> str:
        """The counts in words."""
        return counts_in_words(self.counts)


@dataclass(frozen=True, kw_only=True)
class TargetRow:
    """One environment of a wave. `draft` is the new version, '' before it is drafted or when it was deleted.

    `waits_for` is the environment whose new version it waits for, '' for none. `may_open`: the actor may see the
    draft, its build and its review; `author`: it is the actor's own.
    """

    slug: str
    title: str
    source: str
    level: int
    owner: str
    state: str
    message: str
    changes: dict[str, int]
    waits_for: str
    draft: str
    number: int
    status: str
    build: str
    may_open: bool
    author: bool
    updated: datetime

    @property
    def summary(self) -> str:
        """The changed libraries, e.g. `+4 \N{MINUS SIGN}1 ~9`; '' before it is built."""
        one = self.changes
        return f"+{one['added']} \N{MINUS SIGN}{one['removed']} ~{one['changed']}" if "added" in one else ""


def visible_waves(actor: Actor) -> QuerySet[Wave]:
    """Select the waves that a person may see: reviewers all, others those they started or own a target of."""
    waves = Wave.objects.filter(workspace_id=actor.workspace_id).select_related("base__environment__active", "by")
    if actor.has(Right.REVIEW):
        return waves
    own = WaveTarget.objects.filter(wave=OuterRef("pk"), source__environment__owner_id=actor.id)
    return waves.filter(Q(by_id=actor.id) | Exists(own))


def visible_targets(actor: Actor, wave: Wave) -> QuerySet[WaveTarget]:
    """Select the targets of a wave that a person may see: reviewers and its starter all, others those they own."""
    rows = WaveTarget.objects.filter(wave=wave)
    return rows if may_see_whole(actor, wave) else rows.filter(source__environment__owner_id=actor.id)


def count_states(targets: QuerySet[WaveTarget]) -> dict[str, int]:
    """Return the number of targets in each state: one query."""
    return dict(targets.order_by().values_list("state").annotate(Count("pk")))


def wave_rows(
    actor: Actor, *, base: str = "", order: Order | None = None, limit: int = 50, cursor: str = ""
) -> Page[WaveRow]:
    """Return a page of waves, newest first unless ordered, of one base environment where it is named: two queries."""
    columns: Columns = {
        "wave": F("pk"),
        "base": Concat(F("base__environment__slug"), Value("@"), F("base__number")),
        "by": F("by__username"),
        "state": F("state"),
        "started": F("created_at"),
        "ended": F("ended_at"),
    }
    found = visible_waves(actor)
    if base:
        found = found.filter(base__environment__slug=base)
    by = (order or Order()).within(columns, "-wave")
    page = read_page(found, columns, by, limit=limit, cursor=cursor)
    counts = _counts(page.rows)
    return page.with_rows([wave_row(one, counts.get(one.pk, {})) for one in page.rows])


def _counts(waves: Iterable[Wave]) -> dict[int, dict[str, int]]:
    rows = WaveTarget.objects.filter(wave__in=[one.pk for one in waves]).order_by().values_list("wave", "state")
    found: dict[int, dict[str, int]] = {}
    for wave, state, count in rows.annotate(Count("pk")):
        found.setdefault(wave, {})[state] = count
    return found


def wave_row(wave: Wave, counts: dict[str, int]) -> WaveRow:
    """Return a wave as a row."""
    return WaveRow(
        id=wave.pk,
        base=wave.base.reference,
        by="assay" if wave.automatic else wave.by.get_username(),
        automatic=wave.automatic,
        state=wave.state,
        counts=counts,
        started=wave.created_at,
        ended=wave.ended_at,
    )


def may_see_whole(actor: Actor, wave: Wave) -> bool:
    """Return whether a person sees every target of a wave: reviewers and the member who started it."""
    return actor.has(Right.REVIEW) or (wave.by_id == actor.id and not wave.automatic)


def latest_wave(actor: Actor, environment: Environment) -> Wave | None:
    """Return the newest wave on any version of a base that the actor may see."""
    return visible_waves(actor).filter(base__environment=environment).order_by("-pk").first()


def target_rows(
    actor: Actor, targets: QuerySet[WaveTarget], *, order: Order | None = None, limit: int = 50, cursor: str = ""
) -> Page[TargetRow]:
    """Return a page of targets, those that need attention first unless ordered: one query."""
    rank = Case(
        *(When(state=state, then=Value(at)) for at, state in enumerate(ATTENTION)), output_field=IntegerField()
    )
    columns: Columns = {
        "attention": rank * 100 + F("level"),
        "environment": Lower("source__environment__slug"),
        "level": F("level"),
        "owner": F("source__environment__owner__username"),
        "updated": F("updated_at"),
    }
    found = targets.select_related(
        "source__environment__owner",
        "source__base__environment",
        "draft__environment",
        "draft__build",
        "draft__author",
    ).defer("source__spec", "draft__spec", "draft__build__request", "draft__build__failure", "draft__build__steps")
    page = read_page(found, columns, (order or Order()).within(columns, "attention"), limit=limit, cursor=cursor)
    return page.with_rows([_target_row(actor, one) for one in page.rows])


def _awaited(target: WaveTarget) -> str:
    """Return the environment that a queued target of level 2 or higher waits for; '' for any other target."""
    base = target.source.base
    waits = target.state == Target.QUEUED and target.level > 1 and base is not None
    return base.environment.slug if waits and base is not None else ""


def _target_row(actor: Actor, target: WaveTarget) -> TargetRow:
    environment, draft = target.source.environment, target.draft
    known: dict[str, Any] = {"draft": "", "number": 0, "status": "", "build": "", "may_open": False, "author": False}
    if draft is not None:
        known = {
            "draft": draft.reference,
            "number": draft.number,
            "status": draft.status,
            "build": str(draft.build_id or ""),
            "may_open": may_see(actor, status=draft.status, author_id=draft.author_id),
            "author": draft.author_id == actor.id,
        }
    return TargetRow(
        slug=environment.slug,
        title=environment.title,
        source=target.source.reference,
        level=target.level,
        owner=environment.owner.get_username(),
        state=target.state,
        message=target.message,
        changes=target.changes,
        waits_for=_awaited(target),
        updated=target.updated_at,
        **known,
    )
