"""The SBOM of a version."""

from __future__ import annotations

from assay.core.licences.names import normalise
from assay.core.lock import Lock as LockValue
from assay.flow.assess.report import KnownVulnerabilities
from assay.store.models import Version


def version_sbom(version: Version, known: KnownVulnerabilities) -> str:
    """Return the CycloneDX document of a built version. Raises ValueError for one without a lock."""
    from assay.sources.sbom import SbomInput, sbom  # noqa: PLC0415 - the import takes 0.1 s and is needed only here

    if version.lock is None:
        raise ValueError("Only a built version has an SBOM.")
    reported = version.lock.report["libraries"]
    return sbom(
        SbomInput(
            reference=version.reference,
            title=version.environment.title,
            lock=LockValue.from_dict(version.lock.content),
            licences={one["name"]: normalise(str(one.get("licence", ""))) for one in reported},
            made_at=version.lock.created_at,
            matches=known.matches,
        )
    )
