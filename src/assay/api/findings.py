"""Reports, findings, waivers, suggested updates and SBOM of a version; `/waivers` and `/health`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router, Status

from assay.api.access import Caller, needs, raises
from assay.api.answers import document_bytes, ready_response
from assay.api.openapi import returns_ready_file
from assay.api.schemas import Items, Remedy, Waive
from assay.api.versions import ONE, shown
from assay.core.errors import ConflictError, ResolutionError, UnavailableError
from assay.core.lock import Lock as LockValue
from assay.core.policy.findings import Effect, Finding, stops_at
from assay.core.roles import Right
from assay.flow.access import find_version
from assay.flow.assess.assess import Verdict, verdict
from assay.flow.assess.report import feed_document, report_document
from assay.flow.downloads import SBOM_TYPE, bill_of_materials, built_lock, file_headers, sbom_name
from assay.flow.ready_documents import find_built, ready, report_key, sbom_key
from assay.flow.review import waive as waiving
from assay.flow.watch import suggested_update as updates
from assay.store.models import Version, Waiver
from assay.store.reads.libraries import direct_of
from assay.store.reads.waivers import open_entries, state_of, waiver_rows

router = Router(tags=["Findings"])


@router.get(f"{ONE}/report", response={200: dict[str, Any], 304: None})
@needs(Right.SEE)
def report(request: Caller, workspace: str, slug: str, number: int) -> HttpResponse:
    """Show the facts of a built version.

    The facts come from the build and from the current advisory feed and index metadata. 304 when your `If-None-Match`
    is its ETag.
    """

    def make() -> bytes:
        return document_bytes(report_document(find_version(request.actor, slug, number)))

    return ready_response(request, ready(lambda: report_key(find_built(request.actor, slug, number)), make))


@router.get(f"{ONE}/findings", response=dict[str, Any])
@needs(Right.SEE)
def findings(request: Caller, workspace: str, slug: str, number: int) -> dict[str, Any]:
    """List the findings of a built version, blocking ones first."""
    version = find_version(request.actor, slug, number)
    built_lock(version)
    return findings_document(version, verdict(version))


def findings_document(version: Version, found: Verdict) -> dict[str, Any]:
    """Return the findings of a version with the policy and the advisory feed they come from."""
    chains = LockValue.from_dict(built_lock(version).content).why(direct_of(version))
    return {
        "policy": found.policy,
        "feed": feed_document(found.feed),
        "assessed": found.at,
        "open_blocks": len(found.blocking),
        "items": [finding_document(one, found, chains) for one in found.findings],
    }


def finding_document(finding: Finding, found: Verdict | None, chains: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return one finding; `via` is the chain from a direct library."""
    waiver = found.waiver_of(finding) if found else None
    return {
        "id": finding.id,
        "kind": finding.kind,
        "effect": str(finding.effect),
        "library": finding.library,
        "version": finding.version,
        "words": finding.words,
        "advice": finding.advice,
        "rule": finding.rule,
        "names": list(finding.names),
        "via": list(chains.get(finding.library, ())),
        "assessed": finding.assessed,
        "waived_by": finding.waived_by if finding.effect is not Effect.NOTE else None,
        "waiver": waiver and {"reason": waiver.reason, "by": waiver.by, "at": waiver.at, "until": waiver.until},
    }


@router.post(f"{ONE}/waive", response=dict[str, Any])
@needs(Right.SEE)
@raises(ConflictError)
def waive(request: Caller, workspace: str, slug: str, number: int, body: Waive) -> dict[str, Any]:
    """Waive a finding.

    The waiver applies while the fact is unchanged, and at most until `until`.
    """
    waiving.waive(request.actor, slug, number, finding=body.finding, reason=body.reason, until=body.until)
    return shown(request.actor, slug, number)


@router.post(f"{ONE}/remedy", response={200: dict[str, Any], 201: dict[str, Any]})
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def suggest_update(request: Caller, workspace: str, slug: str, number: int, body: Remedy) -> Status[dict[str, Any]]:
    """Draft the smallest update that fixes the vulnerabilities.

    With `create` false, the update is returned and no draft is created.
    """
    found = updates.suggest_update(request.actor, slug, number, create=body.create)
    answer = {
        "draft": found.draft.reference if found.draft else None,
        "version": found.draft.number if found.draft else None,
        "words": found.words,
        "libraries": list(found.spec.libraries),
        "moved": [asdict(one) for one in found.moved],
        "left": [{"library": one.library, "version": one.version, "id": one.id} for one in found.unfixed],
        "findings": [finding_document(one, None, {}) for one in found.findings],
    }
    return Status(201 if found.draft else 200, answer)


@router.post("/remedies", response=Items)
@needs(Right.COMPOSE)
@raises(ConflictError, ResolutionError, UnavailableError)
def suggest_updates(request: Caller, workspace: str, body: Remedy) -> dict[str, Any]:
    """Draft an update of every environment that needs attention.

    `why_not` gives the reason where an environment cannot be updated.
    """
    items = [
        {
            "reference": one.reference,
            "draft": one.update.draft.reference if one.update and one.update.draft else None,
            "words": one.update.words if one.update else "",
            "why_not": one.reason,
        }
        for one in updates.suggest_updates(request.actor, create=body.create)
    ]
    return {"items": items, "next": None}


@router.get(f"{ONE}/sbom", openapi_extra=returns_ready_file(SBOM_TYPE))
@needs(Right.SEE)
def sbom(request: Caller, workspace: str, slug: str, number: int) -> HttpResponse:
    """Download the SBOM of a built version (CycloneDX, JSON).

    304 when your `If-None-Match` is its ETag.
    """

    def make() -> bytes:
        return bill_of_materials(find_version(request.actor, slug, number)).text.encode()

    document = ready(lambda: sbom_key(find_built(request.actor, slug, number)), make)
    return ready_response(request, document, file_headers(sbom_name(slug, number), SBOM_TYPE))


@router.get("/health", response=Items)
@needs(Right.SEE)
def health(request: Caller, workspace: str) -> dict[str, Any]:
    """List the published versions that need attention, oldest first."""
    rows = open_entries(request.actor.workspace_id)
    items = [
        {
            "environment": one.version.environment.slug,
            "version": one.version.number,
            "reference": one.version.reference,
            "health": one.version.health,
            "since": one.opened_at,
            "stops": stops_at([Finding.from_dict(fact) for fact in one.findings], one.opened_at),
            "findings": [finding_document(Finding.from_dict(fact), None, {}) for fact in one.findings],
        }
        for one in rows
    ]
    return {"items": items, "next": None}


@router.get("/waivers", response=Items)
@needs(Right.REVIEW)
def waivers(request: Caller, workspace: str, limit: int = 200) -> dict[str, Any]:
    """List the waivers of the workspace, those that expire first on top."""
    rows = waiver_rows(request.actor.workspace_id)[: max(1, min(limit, 1000))]
    return {"items": [waiver_document(one) for one in rows], "next": None}


def waiver_document(waiver: Waiver) -> dict[str, Any]:
    """Return a waiver: what it accepts, and whether it is still valid."""
    return {
        "environment": waiver.environment.slug,
        "version": waiver.version.reference,
        "finding": Finding.from_dict(waiver.finding).id,
        "words": waiver.finding["words"],
        "effect": waiver.finding["effect"],
        "library": waiver.finding["library"],
        "reason": waiver.reason,
        "by": waiver.by.get_username(),
        "at": waiver.at,
        "until": waiver.until,
        "state": state_of(waiver, timezone.now()),
    }
