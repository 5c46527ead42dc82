"""Things as JSON documents."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from assay.core.comparison.similarity import Nearness
from assay.core.lifecycle import Status, told_health
from assay.flow.review.approval import tally_of
from assay.runtimes.applications import Template
from assay.runtimes.apps import address_of
from assay.store.models import Assessment, Build, Environment, Run, Runtime, Secret, Server, Version
from assay.store.reads.audit_log import version_trail
from assay.store.reads.reviews import rounds


def version_row(version: Version) -> dict[str, Any]:
    """A version in a list."""
    return {
        "environment": version.environment.slug,
        "version": version.number,
        "reference": version.reference,
        "status": version.status,
        "health": told_health(version.health, assessed=_feed_of(version) is not None),
        "python": version.python,
        "base": version.base.reference if version.base else None,
        "author": version.author.get_username(),
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
    """A version in full: spec, build, report summary, review, events."""
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
            "needs": tally_of(version).words if version.status == Status.PENDING else "",
            "rounds": [
                {
                    "round": one.number,
                    "by": one.by,
                    "at": one.at,
                    "note": one.note,
                    "outcome": one.outcome,
                    "digest": one.digest,
                    "automatic": one.automatic,
                    "decisions": [
                        {
                            "by": decision.by.get_username(),
                            "verdict": decision.verdict,
                            "words": decision.words,
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
            asdict(event) for event in version_trail(environment.workspace_id, environment.slug, version.number)
        ],
    }


def assessment_summary(version: Version) -> dict[str, Any] | None:
    """The newest verdict in numbers, or None when none was taken; `feed` False: advisories are not assessed."""
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
    """The numbers of a report, or None when nothing is built."""
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
    """A build: state, step, progress, timings, failure."""
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


def environment_document(environment: Environment, versions: list[Version]) -> dict[str, Any]:
    """An environment with its versions, newest first."""
    newest = environment.newest
    return {
        "slug": environment.slug,
        "title": environment.title,
        "description": environment.description,
        "owner": environment.owner.get_username(),
        "tags": environment.tags,
        "newest": newest.number if newest else None,
        "versions": [version_row(one) for one in versions],
    }


def nearest_document(found: list[Nearness]) -> dict[str, Any]:
    """Published versions by how near they are to a need, best first."""
    return {
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
        ]
    }


def server_document(server: Server) -> dict[str, Any]:
    """A Studio server."""
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
    """A runtime."""
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
        "notice": runtime.notice,
        "shared": runtime.shared,
        "app": app_document(runtime) if runtime.kind == "app" else None,
        "owner": runtime.owner.get_username(),
        "updated": runtime.updated_at,
    }


def run_document(run: Run) -> dict[str, Any]:
    """One run; `seconds`, and `peak_memory` in bytes."""
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
    """A secret: its name. The value never leaves."""
    return {"name": secret.name, "updated": secret.updated_at}


def app_document(runtime: Runtime) -> dict[str, Any]:
    """An app: where it is, whether it is kept up, and the process that serves."""
    return {
        "application": runtime.app,
        "address": address_of(runtime),
        "wanted": runtime.wanted,
        "serving": str(runtime.serving_id) if runtime.serving_id else None,
        "falls": runtime.falls,
        "again": runtime.again_at,
    }


def application_document(template: Template) -> dict[str, Any]:
    """A way to start apps."""
    return asdict(template)
