"""Twenty submissions with one planted problem each, and three clean ones: what a reviewer sees without scrolling."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from support.feed import CRITICAL, record, write_feed
from support.index import LocalIndex
from support.server import Desk, running
from support.visitor import Visitor

pytestmark = pytest.mark.browser
SIZE = {"width": 1280, "height": 800}
USUAL = [f"plain-{letter}" for letter in "abcdefgh"]  # libraries without any problem
FIRST = [f"{name}==1.0" for name in USUAL]
UPDATED = [*FIRST[:-1], "plain-h==1.1"]
ADDRESS = "/api/v1/workspaces/default"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One submission: what it requires, what stands on the first screen, what approving takes.

    It is a first version on the base `usual@1`, or the second one after `first`. `effect` is block, warn or note;
    `words` a part of the sentence, the finding or the change that must be seen.
    """

    slug: str
    words: str
    effect: str
    libraries: list[str] = field(default_factory=list)
    first: list[str] = field(default_factory=list)
    base: str = ""
    first_base: str = ""

    @property
    def number(self) -> int:
        """The version that is submitted."""
        return 2 if self.first or self.first_base else 1


CASES = [
    Case(slug="imports", libraries=["cannot-import"], words="cannot-import 1.0 does not import", effect="block"),
    Case(
        slug="needs-older",
        libraries=["old-templates", "markup==3.0"],
        words="it needs soft_text from markup, which markup 3.0 lacks",
        effect="block",
    ),
    Case(slug="kernel", libraries=["ipykernel==99.0"], words="The kernel did not start", effect="block"),
    Case(slug="replaces", libraries=["zz-yaml"], words="zz-yaml replaces plain_a.py of plain-a", effect="block"),
    Case(slug="commands", libraries=["zz-commands"], words="zz-commands 1.0 installs its own pip", effect="block"),
    Case(slug="startup", libraries=["zz-start"], words="at each start of Python: zz_start.pth", effect="warn"),
    Case(slug="record", libraries=["zz-record"], words="zz-record 1.0 differs from its RECORD", effect="warn"),
    Case(
        slug="index", first=["acme-tool==1.0"], libraries=["acme-tool==1.1"], words="comes from http", effect="warn"
    ),
    Case(slug="look-alike", libraries=["reqeusts"], words="reqeusts differs from requests", effect="block"),
    Case(slug="new", libraries=["never-seen"], words="1 library is new to this workspace", effect="note"),
    Case(slug="older", first=["moving==2.0"], libraries=["moving==1.0"], words="older than 2.0", effect="warn"),
    Case(
        slug="licence",
        first=["moving==1.0"],
        libraries=["moving==2.0"],
        words="is under GPL-3.0-only; 1.0 was under MIT",
        effect="warn",
    ),
    Case(slug="growth", libraries=["heavy"], words="The environment grows by", effect="note"),
    Case(slug="young", libraries=["brand-new"], words="The first release of brand-new is of", effect="warn"),
    Case(slug="python", base="old-python@1", words="Security fixes for Python 3.11 end on", effect="warn"),
    Case(slug="advisory", libraries=["leaky"], words="PYSEC-2026-1", effect="block"),
    Case(slug="malware", libraries=["evil"], words="known malware", effect="block"),
    Case(slug="yanked", libraries=["withdrawn==1.0"], words="was yanked by its authors: broken", effect="warn"),
    Case(slug="copyleft", libraries=["copyleft"], words="is under AGPL-3.0-only", effect="warn"),
    Case(slug="based", base="based-on@2", first_base="based-on@1", words="based-on@1", effect="note"),
    Case(slug="clean-update", first=FIRST, libraries=UPDATED, words="", effect=""),
    Case(slug="clean-same", libraries=["plain-a==1.0"], words="", effect=""),
    Case(slug="clean-base", first_base="based-on@2", base="based-on@2", words="", effect=""),
]


# What each library of the cases contains, served in two versions: a project with one release is a finding itself.
TWICE: dict[str, dict[str, Any]] = {
    "cannot-import": {"modules": {"cannot_import.py": "raise RuntimeError('no')\n"}},
    "old-templates": {"modules": {"old_templates.py": "from markup import soft_text\n"}},
    "zz-yaml": {"modules": {"zz_yaml.py": "", "plain_a.py": "value = 2\n"}},
    "zz-commands": {"files": {"zz_commands-1.0.data/scripts/pip": "#!python\nprint('not pip')\n"}},
    "zz-start": {"files": {"zz_start.pth": "import zz_start\n"}},
    "zz-record": {"record": ("zz_record/gone.py",)},
    "heavy": {"files": {"heavy/data.bin": "0" * 3_000_000}},
    "copyleft": {"licence": "License-Expression: AGPL-3.0-only"},
    **{name: {} for name in ("reqeusts", "never-seen", "leaky", "evil", "acme-tool", "withdrawn")},
}
KERNEL = {"ipykernel/__init__.py": "", "ipykernel_launcher.py": "raise SystemExit('planted')\n"}


def fill(index: LocalIndex) -> None:
    """Serve the libraries of all cases."""
    for name in USUAL:
        index.add(name, "1.0")
        index.add(name, "1.1")
    for name, parts in TWICE.items():
        index.add(name, "0.9")
        index.add(name, "1.0", **parts)
    for version in ("2.0", "3.0"):
        index.add("markup", version)
    index.add("moving", "1.0")
    index.add("moving", "2.0", licence="License-Expression: GPL-3.0-only")
    index.add("brand-new")
    index.uploaded["brand-new"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    index.yanked["withdrawn-1.0-py3-none-any.whl"] = "broken"


@dataclass
class Api:
    """The API as one person calls it."""

    desk: Desk
    token: str

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Call and return the answer."""
        request = urllib.request.Request(
            f"{self.desk.url}{ADDRESS}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    def build(self, slug: str, number: int) -> str:
        """Build a draft, wait for its end, and return the digest of the lock."""
        build = self.call("POST", f"/environments/{slug}/versions/{number}/build", {})
        until = time.monotonic() + 120
        while time.monotonic() < until:
            found = self.call("GET", f"/builds/{build['build']}")
            if found["finished"]:
                assert found["digest"], (slug, found["failure"])
                return str(found["digest"])
            time.sleep(0.05)
        raise AssertionError(f"{slug} was not built")

    def version(self, slug: str, number: int, spec: dict[str, Any]) -> str:
        """Make a version with this spec, build it, and return the digest of its lock."""
        if number == 1:
            self.call("POST", "/environments", {"slug": slug, "title": slug.capitalize(), **spec})
        else:
            self.call("POST", f"/environments/{slug}/versions")
            self.call("PUT", f"/environments/{slug}/versions/{number}/spec", spec)
        return self.build(slug, number)

    def submit(self, slug: str, number: int) -> None:
        """Submit with a note."""
        self.call("POST", f"/environments/{slug}/versions/{number}/submit", {"note": "Needed for the forecast."})


def spec_of(libraries: list[str], base: str) -> dict[str, Any]:
    """Return a spec: on a base, or on Python 3.11."""
    return {"libraries": libraries, **({"base": base} if base else {"python": "3.11"})}


@dataclass
class Stage:
    """A desk with everything planted: every case waits for its review."""

    desk: Desk
    ana: Api
    ben: Api

    def publish(self, slug: str, number: int, spec: dict[str, Any]) -> None:
        """Make a version and publish it."""
        digest = self.ana.version(slug, number, spec)
        self.ana.submit(slug, number)
        one = f"/environments/{slug}/versions/{number}"
        self.ben.call("POST", f"{one}/approve", {"digest": digest})

    def plant(self, case: Case) -> None:
        """Submit the version of a case that has the problem."""
        base = "" if case.first else case.base or "usual@1"
        self.ana.version(case.slug, case.number, spec_of(case.libraries, base))
        self.ana.submit(case.slug, case.number)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Run everything on two local indexes, publish each first version, and submit each second one."""
    folder = tmp_path_factory.mktemp("planted")
    index, other = LocalIndex(), LocalIndex()
    fill(index)
    for version in ("1.0", "1.1"):
        other.add("acme-tool", version)
    feed = write_feed(
        folder / "all.zip",
        record("PYSEC-2026-1", "leaky", ("introduced", "0"), ("fixed", "2.0"), cvss=CRITICAL),
        record("MAL-2026-1", "evil", ("introduced", "0")),
    )
    with running(folder / "home", ASSAY_INDEX=index.url, ASSAY_ADVISORIES=feed) as desk:
        tokens = desk.people({"ana": "member", "ben": "reviewer", "root": "admin"})
        desk.command("admin", "advisories", "load", feed)
        ana, ben, root = (Api(desk, tokens[name]) for name in ("ana", "ben", "root"))
        stage = Stage(desk, ana, ben)
        for slug in ("usual", "based-on", "old-python"):
            stage.publish(slug, 1, spec_of(FIRST, ""))
        stage.publish("based-on", 2, spec_of(UPDATED, ""))
        for case in CASES:
            if case.number > 1:
                stage.publish(case.slug, 1, spec_of(case.first, case.first_base))
        source = {"name": "other", "url": other.url, "patterns": ["acme-*"], "allow_private": True}
        root.call("POST", "/sources", source)
        policy = root.call("GET", "/policy")
        soon = {"kind": "python-end-of-life", "effect": "warn", "days": 1500, "bases": ["old-python"]}
        root.call("PUT", "/policy", {"rules": [*policy["rules"], soon], "revision": policy["revision"]})
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(stage.plant, [case for case in CASES if case.slug != "kernel"]))
        for version in ("98.0", "99.0"):  # not before: environments without a kernel get one from the index
            index.add("ipykernel", version, modules=KERNEL)
        stage.plant(next(case for case in CASES if case.slug == "kernel"))
        wait_for_projects(ana)
        yield stage
    index.close()
    other.close()


def wait_for_projects(ana: Api) -> None:
    """Wait until the worker knows the projects of all submissions."""
    until = time.monotonic() + 180
    while time.monotonic() < until:
        found = [ana.call("GET", f"/environments/{case.slug}/versions/{case.number}/findings") for case in CASES]
        if all(one["assessed"] for findings in found for one in findings["items"]):
            return
        time.sleep(0.2)
    raise AssertionError("The projects were not queried.")


@pytest.fixture(scope="module")
def page(stage: Stage, browser: Browser) -> Iterator[Page]:
    """Return a page in which ben is signed in, at the size of a small laptop."""
    visitor = Visitor(stage.desk, browser, "ben")
    visitor.page.set_viewport_size(SIZE)
    yield visitor.page
    visitor.context.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.slug)
def test_a_planted_problem_is_on_the_first_screen(stage: Stage, page: Page, case: Case) -> None:
    """Without scrolling or clicking; and approving is impossible, deliberate, or simply possible."""
    page.goto(f"{stage.desk.url}/environments/{case.slug}/{case.number}/review")
    page.wait_for_load_state("networkidle")
    if case.words:
        expect(page.get_by_text(case.words).filter(visible=True).first).to_be_in_viewport(ratio=1)
    approve = page.get_by_role("button", name="Approve").first
    expect(approve).to_be_in_viewport()
    if case.effect == "block":
        expect(approve).to_be_disabled()
    else:
        expect(approve).to_be_enabled()
    if case.effect == "warn":
        expect(approve).to_contain_text("warning")
    if not case.effect:
        alarming = page.locator(".badge.bad, .badge.warn").filter(visible=True, has_not_text="Pending review")
        expect(alarming).to_have_count(0)
