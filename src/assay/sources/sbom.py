"""The SBOM of a version as a CycloneDX document.

The same lock and facts give the same document, so that downloads can be compared: the serial number is derived from
the digest, and the time is that of the build.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.impact_analysis import ImpactAnalysisAffectedStatus
from cyclonedx.model.license import LicenseExpression
from cyclonedx.model.vulnerability import (
    BomTarget,
    BomTargetVersionRange,
    Vulnerability,
    VulnerabilityRating,
    VulnerabilityReference,
    VulnerabilitySeverity,
    VulnerabilitySource,
)
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from assay.core.advisories.advisory import Match, Severity
from assay.core.lock import Lock, LockedLibrary

SOURCE = VulnerabilitySource(name="OSV", url=XsUri("https://osv.dev"))


@dataclass(frozen=True, kw_only=True)
class SbomInput:
    """The input of an SBOM. `licences` maps library names to SPDX expressions; unknown licences are left out."""

    reference: str
    title: str
    lock: Lock
    licences: Mapping[str, str]
    made_at: datetime
    matches: tuple[Match, ...] = ()


def sbom(source: SbomInput) -> str:
    """Return the document as JSON, CycloneDX 1.6."""
    root = Component(
        type=ComponentType.APPLICATION,
        name=source.reference.partition("@")[0],
        version=source.reference.partition("@")[2],
        bom_ref=source.reference,
        description=source.title or None,
        properties=[Property(name="assay:digest", value=source.lock.digest)],
    )
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, f"urn:assay:{source.reference}:{source.lock.digest}"),
        metadata=BomMetaData(component=root, timestamp=source.made_at),
    )
    components = {one.name: _component(one, source.licences.get(one.name, "")) for one in source.lock.libraries}
    for one in components.values():
        bom.components.add(one)
    _add_edges(bom, root, components, source.lock)
    for match in source.matches:
        bom.vulnerabilities.add(_vulnerability(match, components[match.library]))
    text: str = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    return text


def _component(library: LockedLibrary, licence: str) -> Component:
    url = PackageURL("pypi", None, library.name, library.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=library.name,
        version=library.version,
        bom_ref=f"{library.name}=={library.version}",
        purl=url,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=library.file.sha256)],
        licenses=[LicenseExpression(licence)] if licence else [],
        properties=[
            Property(name="assay:index", value=library.index),
            Property(name="assay:file", value=library.file.name),
        ],
    )


def _add_edges(bom: Bom, root: Component, components: Mapping[str, Component], lock: Lock) -> None:
    needed = {name for one in lock.libraries for name in one.dependencies}
    roots = [component for name, component in components.items() if name not in needed]
    bom.register_dependency(root, roots)
    for one in lock.libraries:
        known = [components[name] for name in one.dependencies if name in components]
        bom.register_dependency(components[one.name], known)


def _vulnerability(match: Match, component: Component) -> Vulnerability:
    status = ImpactAnalysisAffectedStatus.AFFECTED
    severity = VulnerabilitySeverity(str(match.severity))
    return Vulnerability(
        bom_ref=f"{match.id}/{match.library}",
        id=match.id,
        source=SOURCE,
        references=[VulnerabilityReference(id=one, source=SOURCE) for one in match.aliases],
        ratings=[] if match.severity is Severity.UNKNOWN else [VulnerabilityRating(severity=severity)],
        description=match.summary or None,
        recommendation=f"Move to {match.fixed} or newer." if match.fixed else None,
        affects=[
            BomTarget(
                ref=str(component.bom_ref), versions=[BomTargetVersionRange(version=match.version, status=status)]
            )
        ],
    )
