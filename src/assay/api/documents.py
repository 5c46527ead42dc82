"""JSON documents of database rows, as the API returns them and commands print them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from django.db.models import Max, QuerySet

from assay.core.comparison.similarity import Nearness
from assay.core.lifecycle import Status, shown_health
from assay.core.roles import Actor
from assay.flow.launch.launch import instead_of, notice_of
from assay.flow.review.approval import approval_progress_of
from assay.runtimes.applications import Template
from assay.runtimes.apps import address_of
from assay.store.models import Assessment, Build, Environment, Rollout, Run, Runtime, Secret, Server, Version
from assay.store.reads.audit_log import version_events
from assay.store.reads.reviews import rounds
from assay.store.reads.rollouts import figures_in

LAST_VERSIONS = 100  # that the document of an environment contains


def version_row(version: Version) -> dict[str, Any]:
    """Return a version as a row of a list."""
    return {
        "environment": version.environment.slug,
        "version": version.number,
        "reference": version.reference,
        "status": version.status,
        "health": shown_health(version.health, assessed=_feed_of(version) is not None),
        "python": version.python,
        "base": version.base.reference if version.base else None,
        "author": version.author.get_username(),
        "active": version.environment.active_id == version.pk,
        "digest": version.digest,
        "libraries": version.lock.libraries_count if version.lock else 0,
        "size": version.lock.size if version.lock else 0,
        "created": version.created_at,
        "updated": version.updated_at,
        "published": version.published_at,
    }


def _feed_of(version: Version) -> int | None:
    verdict: Assessment | None = getattr(version, "assessment", None)
    return verdict.feed_id if verdict else None


def version_document(version: Version) -> dict[str, Any]:
    """Return a version in full: spec, build, report summary, review, events."""
    environment = version.environment
    return version_row(version) | {
        "title": environment.title,
        "description": environment.description,
        "spec": version.spec,
        "build": build_document(version.build) if version.build else None,
        "report": report_summary(version),
        "assessment": assessment_summary(version),
        "review": {
            "round": version.rounds,
            "needs": approval_progress_of(version).words if version.status == Status.PENDING else "",
            "rounds": [
                {
                    "round": one.number,
                    "by": one.by,
                    "at": one.at,
                    "note": one.note,
                    "outcome": one.outcome,
                    "digest": one.digest,
                    "automatic": one.automatic,
                    "rollout": one.rollout,
                    "decisions": [
                        {
                            "by": decision.by.get_username(),
                            "verdict": decision.verdict,
                            "words": decision.comment,
                            "libraries": decision.libraries,
                            "self_approved": decision.self_approved,
                            "groups": decision.groups,
                            "at": decision.at,
                        }
                        for decision in one.decisions
                    ],
                }
                for one in rounds(version)
            ],
        },
        "reason": version.reason,
        "successor": version.successor,
        "ends": version.ends_at,
        "events": [
            asdict(event) for event in version_events(environment.workspace_id, environment.slug, version.number)
        ],
    }


def assessment_summary(version: Version) -> dict[str, Any] | None:
    """Return the numbers of the newest assessment, None without one; `feed` says whether advisories were assessed."""
    found = Assessment.objects.filter(version=version, digest=version.digest).first()
    if found is None:
        return None
    return {
        "blocking": found.blocking,
        "warnings": found.warnings,
        "policy": found.policy,
        "feed": found.feed_id is not None,
        "at": found.at,
    }


def report_summary(version: Version) -> dict[str, Any] | None:
    """Return the numbers of a report, None before the build."""
    if version.lock is None:
        return None
    report = version.lock.report
    return {
        "libraries": version.lock.libraries_count,
        "size": report["size"],
        "files": report["files"],
        "new_size": report["new_size"],
        "isolation": report["isolation"],
        "checks": report["checks"],
    }


def build_document(build: Build) -> dict[str, Any]:
    """Return a build: state, step, progress, timings, failure."""
    progress = build.progress or {}
    return {
        "id": str(build.pk),
        "state": build.state,
        "step": progress.get("step", build.state),
        "progress": {
            "done": progress.get("done", 0),
            "total": progress.get("total", 0),
            "bytes_done": progress.get("bytes_done", 0),
            "bytes_total": progress.get("bytes_total", 0),
        },
        "message": progress.get("message", ""),
        "seconds_left": progress.get("seconds_left"),
        "timings": build.steps,
        "failure": build.failure,
        "digest": build.digest,
        "reused": build.reused,
        "created": build.created_at,
        "started": build.started_at,
        "finished": build.finished_at,
    }


def environment_document(environment: Environment, versions: QuerySet[Version]) -> dict[str, Any]:
    """Return an environment with its last versions, newest first; `…/versions` lists all."""
    active, published = environment.active, versions.filter(status=Status.PUBLISHED)
    return {
        "slug": environment.slug,
        "title": environment.title,
        "description": environment.description,
        "owner": environment.owner.get_username(),
        "tags": environment.tags,
        "template": environment.template,
        "newest": published.aggregate(newest=Max("number"))["newest"],
        "active": active.number if active else None,
        "rollout": rollout_document(environment.rollout) if environment.rollout else None,
        "versions": [version_row(one) for one in versions.order_by("-number")[:LAST_VERSIONS]],
    }


def rollout_document(rollout: Rollout) -> dict[str, Any]:
    """Return a roll-out: its pilot group, its end, and the starts counted so far in it and in the version before."""
    figures = figures_in(rollout)
    return {
        "version": rollout.version.number,
        "before": rollout.before.number if rollout.before else None,
        "state": rollout.state,
        "people": rollout.people,
        "groups": rollout.groups,
        "starts_needed": rollout.starts_needed,
        "days_needed": rollout.days_needed,
        "starts": figures.starts,
        "failures": figures.failures,
        "failed_share": round(figures.share, 4),
        "starts_before": figures.starts_before,
        "failures_before": figures.failures_before,
        "failed_share_before": round(figures.share_before, 4),
        "message": rollout.message,
        "started": rollout.started_at,
        "ended": rollout.ended_at,
    }


def nearest_document(found: list[Nearness], *, complete: bool) -> dict[str, Any]:
    """Return the published versions nearest to a profile, nearest first.

    `complete` is False while the index is being prepared: then only the newest published versions were compared.
    """
    return {
        "complete": complete,
        "items": [
            {
                "environment": one.key.partition("@")[0],
                "version": int(one.key.partition("@")[2]),
                "reference": one.key,
                "score": round(one.score, 4),
                "covers": one.covers,
                "identical": one.identical,
                "missing": list(one.missing),
                "unfit": list(one.unfit),
                "words": one.words,
                "extra": one.extra,
            }
            for one in found
        ],
    }


def server_document(server: Server) -> dict[str, Any]:
    """Return a Studio server."""
    return {
        "id": server.pk,
        "state": server.state,
        "progress": server.progress,
        "message": server.message,
        "address": server.address or None,
        "environment": server.version.reference,
        "application": server.application,
        "file": server.file,
        "size": server.size,
        "digest": server.digest,
        "created": server.created_at,
        "ready": server.ready_at,
        "stopped": server.stopped_at,
    }


def runtime_document(runtime: Runtime) -> dict[str, Any]:
    """Return a runtime."""
    return {
        "slug": runtime.slug,
        "title": runtime.title,
        "kind": runtime.kind,
        "environment": runtime.environment,
        "entry": runtime.entry,
        "source": runtime.source,
        "args": runtime.arguments,
        "parameters": runtime.parameters,
        "secrets": runtime.secrets,
        "limits": runtime.limits,
        "retries": runtime.retries,
        "schedule": runtime.schedule,
        "timezone": runtime.timezone,
        "next_run": runtime.next_at,
        "notice": runtime.message,
        "shared": runtime.shared,
        "app": app_document(runtime) if runtime.kind == "app" else None,
        "owner": runtime.owner.get_username(),
        "updated": runtime.updated_at,
    }


def run_document(run: Run) -> dict[str, Any]:
    """Return a run; `seconds` is its duration, `peak_memory` is in bytes."""
    return {
        "id": str(run.pk),
        "runtime": run.runtime.slug,
        "state": run.state,
        "exit_code": run.exit_code,
        "message": run.message,
        "environment": run.version.reference,
        "digest": run.digest,
        "args": run.arguments,
        "parameters": run.parameters,
        "attempt": run.attempt,
        "healthy": run.healthy_at,
        "trial": run.trial,
        "commit": run.commit or None,
        "scheduled_for": run.scheduled_for,
        "retry_of": str(run.retry_of_id) if run.retry_of_id else None,
        "seconds": run.seconds,
        "peak_memory": run.peak_memory,
        "created": run.created_at,
        "started": run.started_at,
        "finished": run.finished_at,
    }


def secret_document(secret: Secret) -> dict[str, Any]:
    """Return the name of a secret, never its value."""
    return {"name": secret.name, "updated": secret.updated_at}


def app_document(runtime: Runtime) -> dict[str, Any]:
    """Return an app: its address, whether it should run, and the process that serves."""
    return {
        "application": runtime.app,
        "address": address_of(runtime),
        "wanted": runtime.enabled,
        "serving": str(runtime.serving_run_id) if runtime.serving_run_id else None,
        "falls": runtime.failures,
        "again": runtime.restart_at,
    }


def application_document(template: Template) -> dict[str, Any]:
    """Return an application that starts apps."""
    return asdict(template)


def merges_document(sources: Iterable[Version]) -> list[dict[str, Any]]:
    """Return the sources of a merge with their status."""
    return [
        {"environment": one.reference, "status": one.status, "successor": one.successor or None, "ends": one.ends_at}
        for one in sources
    ]


def notice_document(actor: Actor, version: Version) -> dict[str, str]:
    """Return what the people of a version read, and the version to use instead; '' for neither."""
    return {"notice": notice_of(actor, version), "instead": instead_of(actor, version)}
