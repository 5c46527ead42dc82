"""Downloads of a built version: its lock and its SBOM."""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.errors import NotFoundError
from assay.flow.assess.report import known_vulnerabilities
from assay.flow.assess.sbom import version_sbom
from assay.store.models import Lock, Version

LOCK_TYPE = "application/toml"
SBOM_TYPE = "application/vnd.cyclonedx+json; version=1.6"


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file with its name and media type."""

    name: str
    media_type: str
    text: str

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that make a browser save the file under its name."""
        return file_headers(self.name, self.media_type)


def file_headers(name: str, media_type: str) -> dict[str, str]:
    """Return the HTTP headers that make a browser save a file under its name."""
    return {"Content-Type": media_type, "Content-Disposition": f'attachment; filename="{name}"'}


def lock_name(slug: str, number: int) -> str:
    """Return the file name of a version's lock."""
    return f"pylock.{slug}-{number}.toml"


def sbom_name(slug: str, number: int) -> str:
    """Return the file name of a version's SBOM."""
    return f"{slug}-{number}.cdx.json"


def built_lock(version: Version) -> Lock:
    """Return the lock of a version. Raises NotFoundError while there is none."""
    if version.lock is None:
        raise NotFoundError("This version is not built yet.", hint="Build it first.")
    return version.lock


def version_lock(version: Version) -> Download:
    """Return the lock as `pylock.toml` (PEP 751). Raises NotFoundError before the build."""
    name = lock_name(version.environment.slug, version.number)
    return Download(name=name, media_type=LOCK_TYPE, text=built_lock(version).text)


def lock_by_digest(digest: str) -> Download:
    """Return a lock by its digest, even when no version has it any more. Raises NotFoundError for an unknown one."""
    text = Lock.objects.filter(digest=digest).values_list("text", flat=True).first()
    if text is None:
        raise NotFoundError(
            f"Assay has no lock with the digest {digest[:12]}.",
            hint="It was not built here, or its row is missing from a restored copy: restore a newer one.",
        )
    return Download(name=f"pylock.{digest[:12]}.toml", media_type=LOCK_TYPE, text=text)


def bill_of_materials(version: Version) -> Download:
    """Return the SBOM as CycloneDX JSON. Raises NotFoundError before the build."""
    built_lock(version)
    name = sbom_name(version.environment.slug, version.number)
    return Download(name=name, media_type=SBOM_TYPE, text=version_sbom(version, known_vulnerabilities(version)))
