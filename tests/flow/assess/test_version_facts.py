"""The facts of versions from the database: what is direct, what came before, what is new to a workspace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import LazySettings
from support.people import built, draft, lock_of, outcome_of, person, published

from assay.core.errors import InvalidInputError
from assay.core.lifecycle import Status
from assay.core.policy.change_rules import NewLibrary
from assay.core.policy.findings import Effect
from assay.core.policy.policy import Policy
from assay.core.report import ConflictKind, FileConflict, ImportFact, Report, StartupFile
from assay.core.roles import Actor, Role
from assay.flow.access import find_version
from assay.flow.assess.assess import preview_findings, verdict
from assay.flow.assess.context import context_for
from assay.flow.assess.facts import store_facts
from assay.flow.assess.policy import current_policy, preview_policy, revise
from assay.flow.build.build import request_build, store_outcome
from assay.flow.compose.draft import SpecInput, create_environment, new_version
from assay.flow.watch import watch
from assay.store.approved_libraries import approved_anywhere, approved_names
from assay.store.models import ApprovedLibrary, Assessment, Build, HealthIssue, Version
from assay.store.reads.facts import earlier_version, facts_of, rows_of

pytestmark = pytest.mark.django_db
STARTUP = StartupFile(library="six", path="six.pth", sha256="a" * 64, code="import six")
CONFLICT = FileConflict(path="six.py", owners=("six", "zz"), winner="zz", kind=ConflictKind.MODULE)


@pytest.fixture
def ana() -> Actor:
    """Return an author."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def observed(actor: Actor, slug: str, number: int, **report: object) -> Version:
    """Let a build end whose report holds these facts."""
    build = request_build(actor, slug, number)
    outcome = outcome_of(lock_of({"six": "1.17.0", "zz": "1.0"}))
    changed = replace(Report.from_dict(outcome.report or {}), **report)  # type: ignore[arg-type]  # passed on as given
    store_outcome(Build.objects.get(pk=build.pk), replace(outcome, report=changed.to_dict()))
    return find_version(actor, slug, number)


def loud(version: Version) -> dict[str, Effect]:
    """Return kind and effect of what a version's findings warn of or block."""
    return {one.kind: one.effect for one in verdict(version).findings if one.effect is not Effect.NOTE}


def test_what_the_build_observed_reaches_the_verdict(ana: Actor) -> None:
    """From the report by the stored facts to findings; the direct library decides how strong."""
    draft(ana, "geo", "six")
    broken = (ImportFact(library="six", module="six", seconds=0.1, error="SyntaxError"),)
    version = observed(ana, "geo", 1, imports=broken, startup_files=(STARTUP,), file_conflicts=(CONFLICT,))
    assert loud(version) == {
        "import-failure": Effect.BLOCK,
        "file-conflict": Effect.BLOCK,
        "startup-code": Effect.WARN,
    }


def test_the_version_before_decides_what_is_new(ana: Actor, ben: Actor) -> None:
    """Startup code that was approved is known; a downgrade is against the last published version."""
    draft(ana, "geo", "six")
    first = observed(ana, "geo", 1, startup_files=(STARTUP,))
    approve(ana, ben, first)
    new_version(ana, "geo")
    second = observed(ana, "geo", 2, startup_files=(STARTUP,))
    assert loud(second) == {}
    approve(ana, ben, second)
    new_version(ana, "geo")
    third = built(ana, "geo", 3, lock_of({"six": "1.16.0", "zz": "1.0"}))
    assert loud(third) == {"downgrade": Effect.WARN}
    (facts,) = facts_of(rows_of(Version.objects.filter(pk=third.pk))).values()
    assert facts.before is not None
    assert facts.before.reference == "geo@2"


def approve(ana: Actor, ben: Actor, version: Version) -> None:
    """Publish a version."""
    from assay.flow.review import review  # noqa: PLC0415 - only here

    slug, number = version.environment.slug, version.number
    review.submit(ana, slug, number, "please")
    review.approve(ben, slug, number, digest=version.digest)


def test_a_base_is_what_came_before_a_first_version(ana: Actor, ben: Actor) -> None:
    """Its libraries are direct ones, those of its own base too."""
    published(ana, ben, "low", ["six"], {"six": "1.17.0"})
    based(ana, "middle", "low@1", "idna")
    approve(ana, ben, built(ana, "middle", 1, lock_of({"six": "1.17.0", "idna": "3.7"})))
    based(ana, "high", "middle@1", "zz")
    version = built(ana, "high", 1, lock_of({"six": "1.16.0", "idna": "3.7", "zz": "1.0"}))
    store_facts()
    (facts,) = facts_of(rows_of(Version.objects.filter(pk=version.pk))).values()
    assert facts.direct == {"six", "idna", "zz"}
    assert facts.before is not None
    assert (facts.before.reference, [one.name for one, _ in facts.moved]) == ("middle@1", ["six"])


def based(actor: Actor, slug: str, base: str, *libraries: str) -> None:
    """Make an environment on a base."""
    spec_input = SpecInput(base=base, python=None, libraries=libraries)
    create_environment(actor, slug=slug, title=slug, description="", spec_input=spec_input)


def test_published_libraries_are_remembered(ana: Actor, ben: Actor) -> None:
    """Each name once, with the first version that contained it; drafts are not."""
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    published(ana, ben, "geo", ["six"], {"six": "1.17.0", "idna": "3.7"})
    draft(ana, "other", "zz")
    version = built(ana, "other", 1, lock_of({"zz": "1.0", "six": "1.17.0"}))
    assert approved_names(ana.workspace_id) == {"six", "idna"}
    assert approved_anywhere(["six", "zz"]) == {"six"}
    assert ApprovedLibrary.objects.get(name="six").version.number == 1
    assert str(ApprovedLibrary.objects.get(name="six")).startswith("six since ")
    new = {one.library for one in verdict(version).findings if one.kind == NewLibrary.kind}
    assert new == {"zz"}


def test_an_author_sees_before_a_build_what_changes(ana: Actor, ben: Actor) -> None:
    """Against the newest version of the environment, else the base; sizes by what is known of the files."""
    published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    older = lock_of({"six": "1.16.0"})
    for about in ({"environment": "geo"}, {"base": "geo@1"}):
        found = preview_findings(ana.workspace_id, older, **about)
        assert "downgrade" in {one.kind for one in found}
    assert "downgrade" not in {one.kind for one in preview_findings(ana.workspace_id, older)}
    large = replace(older.libraries[0], file=replace(older.libraries[0].file, size=3_000_000_000))
    grown = preview_findings(ana.workspace_id, replace(older, libraries=(large,)), environment="geo")
    assert {one.effect for one in grown if one.kind == "growth"} == {Effect.WARN}


def test_what_can_come_before_a_draft(ana: Actor, ben: Actor) -> None:
    """Nothing for a new environment without a base, nor for names that do not exist."""
    published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    assert earlier_version(ana.workspace_id, "", "") is None
    assert earlier_version(ana.workspace_id, "none", "geo@9") is None
    assert earlier_version(ana.workspace_id, "none", "geo@x") is None
    found = earlier_version(ana.workspace_id, "geo", "")
    assert found is not None
    assert found.reference == "geo@1"


def test_settled_findings_raise_no_health_issue(ana: Actor, ben: Actor) -> None:
    """What was there when a version was approved is no news; the verdict shows it all the same."""
    draft(ana, "geo", "six")
    version = observed(ana, "geo", 1, startup_files=(STARTUP,))
    approve(ana, ben, version)
    Assessment.objects.all().delete()
    watch.assess_all(ana.workspace_id, current_policy(ana.workspace_id), None)
    assert not HealthIssue.objects.exists()
    assert "startup-code" in loud(find_version(ana, "geo", 1))


def test_look_alikes_of_the_list_that_a_setting_names(ana: Actor, tmp_path: Path, settings: LazySettings) -> None:
    """The list can be replaced; one that cannot be read is an error that says so."""
    names = tmp_path / "names.txt"
    names.write_text("# ours\nacme-geometry\n")
    settings.MOST_USED_NAMES = str(names)
    found = preview_findings(ana.workspace_id, lock_of({"acme-geometri": "1.0"}))
    assert {one.effect for one in found if one.kind == "similar-name"} == {Effect.BLOCK}
    settings.MOST_USED_NAMES = str(tmp_path / "missing.txt")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        preview_findings(ana.workspace_id, lock_of({"six": "1.0"}))


def test_only_what_rules_need_is_read(ana: Actor) -> None:
    """A policy without look-alikes reads no names."""
    context = context_for(ana.workspace_id, Policy(rules=()), ["six"])
    assert context.names is None
    assert context.approved == frozenset()


def test_a_policy_can_be_tried_with_the_new_kinds(ana: Actor, ben: Actor) -> None:
    """What it would stop among the published versions."""
    draft(ana, "geo", "six")
    eva = person("eva", Role.ADMIN)
    revise(eva, Policy(rules=(NewLibrary(),)), seen=0)
    approve(ana, ben, observed(ana, "geo", 1, file_conflicts=(CONFLICT,)))
    assert Version.objects.get().status == Status.PUBLISHED
    from assay.core.policy.build_rules import FileConflicts  # noqa: PLC0415 - only here

    tried = preview_policy(eva, Policy(rules=(FileConflicts(),)))
    assert tried.references == {"geo@1"}
