"""The contract: answers, errors, pages of rows, tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from support.caller import Caller
from support.people import PASSWORD, built, draft, lock_of, person, published, spec_input

from assay.core.roles import Actor, Right, Role
from assay.flow.compose.draft import edit_spec, new_version
from assay.flow.people import create_token, find_person
from assay.flow.review import review
from assay.store import workers
from assay.store.models import ApiToken, Build, Environment, Version

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/workspaces/default"


def body(slug: str = "geo", **changes: object) -> dict[str, Any]:
    """Return a valid new environment."""
    return {"slug": slug, "title": "Geo", "description": "", "python": "3.11", "libraries": ["six"]} | changes


@pytest.fixture
def ana() -> Actor:
    """Return a member."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


def test_the_whole_path(ana: Actor, ben: Actor) -> None:
    """Compose, build, submit, approve: each answer carries what the next call needs."""
    author, reviewer = Caller(ana), Caller(ben)
    made = author.post("/environments", body())
    assert made.status_code == 201
    assert made.json()["status"] == "draft"
    started = author.post("/environments/geo/versions/1/build")
    assert started.status_code == 202
    state = author.get(f"/builds/{started.json()['build']}").json()
    assert (state["state"], state["progress"]["total"]) == ("queued", 0)
    assert author.get(f"/builds/{started.json()['build']}/log?offset=0").json()["text"] == ""
    built(ana, "geo", lock=lock_of({"six": "1.17.0", "attrs": "25.1"}))
    pending = author.post("/environments/geo/versions/1/submit", {"note": "please"}).json()
    assert pending["status"] == "pending"
    assert [one["reference"] for one in reviewer.get("/reviews?status=pending").json()["items"]] == ["geo@1"]
    wrong = reviewer.post("/environments/geo/versions/1/approve", {"digest": "0" * 64})
    assert (wrong.status_code, wrong.json()["path"]) == (409, "digest")
    right = reviewer.post("/environments/geo/versions/1/approve", {"digest": pending["digest"]})
    assert right.json()["status"] == "published"
    rows = author.get("/environments/geo/versions/1/libraries").json()["items"]
    assert [(one["name"], one["direct"]) for one in rows] == [("six", True), ("attrs", False)]
    assert 'lock-version = "1.0"' in author.get("/environments/geo/versions/1/lock").content.decode()
    names = [one["name"] for one in Caller(person("adm", Role.ADMIN)).get("/events").json()["items"]]
    assert {"version.created", "version.submitted", "version.approved", "version.published"} <= set(names)


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt",
        "--index-url=https://evil.example",
        "-e .",
        "./local",
        "/etc/passwd",
        "https://evil.example/x.whl",
        "pandas @ https://evil.example/x.whl",
        "git+https://evil.example/x",
        "$HOME",
        "six; import os",
        "six\nrequests",
        "six\x00",
        "x" * 10_000,
        "pandas.whl",
    ],
)
def test_a_line_can_only_name_a_library(ana: Actor, line: str) -> None:
    """Law 4: anything else is refused, naming the line, and nothing is stored."""
    answer = Caller(ana).post("/environments", body(libraries=["attrs", line]))
    assert answer.status_code == 422, answer.content
    problem = answer.json()
    assert problem["path"] == "libraries[1]"
    assert "Line 2" in problem["detail"]
    assert problem["hint"]
    assert not Version.objects.exists()


def test_ten_thousand_lines_are_refused_at_once(ana: Actor) -> None:
    """The number of lines is bounded."""
    answer = Caller(ana).post("/environments", body(libraries=["six"] * 10_000))
    assert (answer.status_code, answer.json()["path"]) == (422, "libraries")


def test_the_other_platforms_spelling_is_understood_and_told(ana: Actor) -> None:
    """`library=1.2` becomes `library==1.2`, visibly."""
    caller = Caller(ana)
    caller.post("/environments", body())
    answer = caller.put("/environments/geo/versions/1/spec", {"python": "3.11", "libraries": ["six=1.17"]}).json()
    assert answer["spec"]["libraries"] == ["six==1.17"]
    assert answer["corrections"] == [{"line": 1, "written": "six=1.17", "understood": "six==1.17"}]


@pytest.mark.parametrize("field", ["status", "owner", "role", "health", "digest"])
def test_unknown_fields_are_refused(ana: Actor, field: str) -> None:
    """Bodies are closed: no extra field sets a status or an owner."""
    assert Caller(ana).post("/environments", body(**{field: "published"})).status_code == 422
    assert not Version.objects.exists()


def test_another_members_draft_is_not_found_anywhere(ana: Actor, ben: Actor) -> None:
    """Every address below a draft answers 404 to others, reviewers and administrators included."""
    draft(ana, "geo")
    built(ana, "geo")
    build = Build.objects.get().pk
    for stranger in (person("eve"), ben, person("adm", Role.ADMIN)):
        caller = Caller(stranger)
        one = "/environments/geo/versions/1"
        for path in (one, f"{one}/libraries", f"{one}/report", f"{one}/lock", "/environments/geo"):
            assert caller.get(path).status_code == 404, path
        for path in (f"/builds/{build}", f"/builds/{build}/log", f"/builds/{build}/events"):
            assert caller.get(path).status_code == 404, path
        for action in ("submit", "withdraw", "build"):
            assert caller.post(f"{one}/{action}").status_code == 404, action
        assert caller.post(f"{one}/approve", {"digest": "x"}).status_code == 404
        assert caller.post(f"{one}/reject", {"feedback": "x"}).status_code == 404
        assert caller.put(f"{one}/spec", {"python": "3.11", "libraries": ["six"]}).status_code == 404
        assert caller.get("/environments").json()["items"] == []


def test_what_may_be_seen_but_not_done_answers_why(ana: Actor, ben: Actor) -> None:
    """A member reads a published version and is told who may deprecate it."""
    draft(ana, "geo")
    digest = built(ana, "geo").digest
    review.submit(ana, "geo", 1, "")
    own = Caller(ana).post("/environments/geo/versions/1/approve", {"digest": digest})
    assert own.status_code == 403
    review.approve(ben, "geo", 1, digest=digest)
    refused = Caller(person("eve")).post("/environments/geo/versions/1/deprecate", {"reason": "old"})
    assert refused.status_code == 403
    assert "reviewer" in refused.json()["detail"]


@pytest.mark.usefixtures("ana")
def test_tokens_expire_are_revoked_and_keep_to_their_scope() -> None:
    """Stored hashed; rights are read at each request."""
    made = create_token(find_person("ana"), "x", scope=Right.SEE)
    assert made.secret not in str(list(ApiToken.objects.values()))
    client = Client(headers={"authorization": f"Bearer {made.secret}"})
    assert client.get(f"{ROOT}/environments").status_code == 200
    refused = client.post(f"{ROOT}/environments", body(), content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expired = client.get(f"{ROOT}/environments")
    assert (expired.status_code, expired["Content-Type"]) == (401, "application/problem+json")
    ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=1), revoked_at=timezone.now())
    assert client.get(f"{ROOT}/environments").status_code == 401
    assert Client().get(f"{ROOT}/environments").status_code == 401


def test_a_role_taken_away_counts_at_once(ana: Actor) -> None:
    """Rights are read at each request."""
    caller = Caller(ana)
    find_person("ana").memberships.update(role="viewer")
    assert caller.post("/environments", body()).status_code == 403
    find_person("ana").memberships.all().delete()
    assert caller.get("/environments").status_code == 404


def test_rows_come_in_pages_by_few_queries(ana: Actor, ben: Actor) -> None:
    """100 of any number of environments: at most four queries, and a cursor to go on."""
    lock = lock_of({"six": "1.17.0"})
    for number in range(30):
        draft(ana, f"env{number:02}")
        digest = built(ana, f"env{number:02}", lock=lock).digest
        review.submit(ana, f"env{number:02}", 1, "")
        review.approve(ben, f"env{number:02}", 1, digest=digest)
    caller = Caller(ben)
    caller.get("/environments")
    with CaptureQueriesContext(
        connection,
    ) as seen:
        page = caller.get("/environments?limit=20").json()
    assert len(seen) <= 4, [one["sql"] for one in seen]
    assert len(page["items"]) == 20
    rest = caller.get(f"/environments?limit=20&cursor={page['next']}").json()
    assert [one["slug"] for one in rest["items"]] == [f"env{number}" for number in range(20, 30)]
    assert rest["next"] is None
    assert caller.get("/environments?cursor=%%%").status_code == 422


def test_versions_are_compared_by_library(ana: Actor, ben: Actor) -> None:
    """Aligned rows with change and step; a draft that one may not see is not found here either."""
    draft(ana, "geo")
    built(ana, "geo", lock=lock_of({"six": "1.16.0", "old": "1.0"}))
    draft(ana, "geo2")
    built(ana, "geo2", lock=lock_of({"six": "1.17.0", "new": "1.0"}))
    found = Caller(ana).get("/compare?versions=geo@1,geo2@1").json()
    rows = {one["name"]: (one["change"], one["step"]) for one in found["libraries"]}
    assert rows == {"six": ("upgraded", "minor"), "old": ("removed", None), "new": ("added", None)}
    assert Caller(ben).get("/compare?versions=geo@1,geo2@1").status_code == 404
    assert Caller(ana).get("/compare?versions=geo@1").status_code == 422


def test_the_description_of_the_api_is_served() -> None:
    """OpenAPI names every route of the contract."""
    paths = Client().get("/api/v1/openapi.json").json()["paths"]
    assert f"{ROOT.replace('default', '{workspace}')}/environments" in paths
    assert Client().get("/api/v1/docs").status_code == 200


def test_health_needs_no_token() -> None:
    """Probes ask without a token."""
    assert Client().get("/healthz").json() == {"status": "ok"}
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["parts"]["worker"]) == (503, "bad")
    workers.announce()
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert set(answer.json()["parts"]) == {"database", "worker", "disk", "advisories"}


def test_signing_in_answers_alike_for_known_and_unknown_names(ana: Actor) -> None:
    """Nobody learns from the sign-in page who has an account; many wrong tries are slowed down."""
    told = []
    for name in (ana.name, "nobody"):
        answer = Client(headers={"host": "127.0.0.1"}).post("/account/login/", {"login": name, "password": "wrong"})
        assert answer.status_code == 200
        told.append("not correct" in answer.content.decode())
    assert told == [True, True]
    client = Client(headers={"host": "127.0.0.1"})
    codes = {client.post("/account/login/", {"login": "ana", "password": "x"}).status_code for _ in range(12)}
    text = client.post("/account/login/", {"login": "ana", "password": PASSWORD}).content.decode()
    assert 429 in codes or "Too many" in text


def test_files_are_verified_by_who_answers_for_them(ana: Actor, ben: Actor) -> None:
    """Its author and reviewers ask for a look at the files; a stranger to the draft does not find it."""
    draft(ana, "geo")
    built(ana, "geo")
    asked = Caller(ana).post("/environments/geo/versions/1/verify")
    assert asked.status_code == 202
    seen = Caller(ana).get(f"/verifications/{asked.json()['verification']}").json()
    assert (seen["state"], seen["outcome"]) == ("queued", None)
    assert seen["progress"]["total"] == 10
    assert Caller(ben).get(f"/verifications/{asked.json()['verification']}").status_code == 404
    assert Caller(ben).post("/environments/geo/versions/1/verify").status_code == 404
    assert Caller(ana).post("/environments/geo/versions/1/rebuild").status_code == 409


def test_the_nearest_published_versions(ana: Actor, ben: Actor) -> None:
    """Best first, with what each lacks and holds beyond; only what is published."""
    author, reviewer = Caller(ana), Caller(ben)
    for slug, pins in (("ds", {"six": "1.17.0", "attrs": "25.1"}), ("need", {"six": "1.17.0"})):
        author.post("/environments", body(slug))
        built(ana, slug, lock=lock_of(pins))
    assert author.get("/environments/need/versions/1/nearest").json() == {"complete": True, "items": []}
    digest = author.post("/environments/ds/versions/1/submit", {"note": ""}).json()["digest"]
    reviewer.post("/environments/ds/versions/1/approve", {"digest": digest})
    (found,) = author.get("/environments/need/versions/1/nearest").json()["items"]
    assert 0 < found.pop("score") < 1
    assert found == {
        "environment": "ds",
        "version": 1,
        "reference": "ds@1",
        "covers": True,
        "identical": False,
        "missing": [],
        "unfit": [],
        "words": "ds@1 covers this",
        "extra": 1,
    }
    assert author.get("/environments/need/versions/1/nearest?limit=0").status_code == 422


def test_a_comparison_tells_its_effects(ana: Actor, ben: Actor) -> None:
    """Libraries aligned, with licences and the lines that ask for them; bytes before and after."""
    author = Caller(ana)
    for slug, pins in (("one", {"six": "1.16.0", "attrs": "25.1"}), ("two", {"six": "1.17.0"})):
        author.post("/environments", body(slug, libraries=["six"] if slug == "one" else ["six>=1.17"]))
        built(ana, slug, lock=lock_of(pins))
    found = author.get("/compare?versions=one@1,two@1").json()
    rows = {row["name"]: row for row in found["libraries"]}
    assert (rows["six"]["change"], rows["six"]["step"]) == ("upgraded", "minor")
    assert rows["six"]["requirements"] == ["six", "six>=1.17"]
    assert (rows["attrs"]["change"], rows["attrs"]["versions"]) == ("removed", ["25.1", None])
    effects = found["effects"]
    assert effects["size"] == {"before": 1000, "after": 500}
    assert effects["libraries"] == [{"name": "attrs", "growth": -500}]
    assert effects["requirements"] == [{"name": "six", "before": "six", "after": "six>=1.17"}]
    assert (effects["licences"], effects["counts"]["removed"]) == ([], 1)
    assert Caller(ben).get("/compare?versions=one@1,two@1").status_code == 404  # drafts of somebody else


def test_the_row_of_an_environment_has_the_fields_of_the_contract(ana: Actor) -> None:
    """The catalogue's rows are answered as they are; OpenAPI describes the same fields."""
    draft(ana, "geo")
    (row,) = Caller(ana).get("/environments").json()["items"]
    contract = "slug title description status version health python base owner libraries size updated people_30d"
    assert set(contract.split()) < set(row)
    schemas = Client().get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert set(schemas["CatalogueRow"]["properties"]) == set(row)


def test_a_page_of_environments_that_has_not_changed(ana: Actor, ben: Actor) -> None:
    """Its ETag is that of what the caller sees: any change in it, or another caller's drafts, give another one."""
    draft(ana, "geo")
    path = "/api/v1/workspaces/default/environments?limit=1"
    first = Caller(ana).client.get(path)
    tag = {"if-none-match": first["ETag"]}
    again = Caller(ana).client.get(path, headers=tag)
    assert (first["Content-Type"], again.status_code, again.content) == ("application/json", 304, b"")
    assert Caller(ben).client.get(path, headers=tag).json() == {"items": [], "next": None}
    Environment.objects.update(title="Geodata")
    changed = Caller(ana).client.get(path, headers=tag)
    assert [one["title"] for one in changed.json()["items"]] == ["Geodata"]
    draft(ana, "web")  # a page that follows
    assert Caller(ana).client.get(path, headers={"if-none-match": changed["ETag"]}).json()["next"]


def test_the_review_of_a_version_as_a_document(ana: Actor, ben: Actor) -> None:
    """Sentence, findings, changes and checks; of what the caller may see, and what is built."""
    published(ana, ben, "geo", ["six"], {"six": "1.16.0", "idna": "2.8"})
    new_version(ana, "geo")
    edit_spec(ana, "geo", 2, spec_input("six", "rich"))
    path = "/environments/geo/versions/2/review"
    assert Caller(ana).get(path).status_code == 404  # not built
    built(ana, "geo", 2, lock_of({"six": "1.17.0", "idna": "2.8", "rich": "13.0"}))
    found = Caller(ana).get(path).json()
    assert found["reference"] == "geo@2"
    assert found["compared_with"] == "geo@1"
    assert found["sentence"].startswith("Adds rich; 1 minor update; 1 library is new to this workspace;")
    assert (found["blocking"], found["warnings"], found["findings"], found["waived"]) == (0, 0, [], [])
    assert {"words", "count"} == set(found["notes"][0])
    rich, six = found["changes"]
    assert (rich["library"], rich["before"], rich["after"], rich["new"], rich["shown"]) == (
        "rich",
        None,
        "13.0",
        True,
        "shown",
    )
    assert (six["change"], six["step"], six["direct"], six["new"]) == ("upgraded", "minor", True, False)
    assert found["checks"]["sentence"] == "1 check passed"
    assert Caller(ana).get(f"{path}?compare_with=nothing").json()["compared_with"] is None
    assert Caller(ana).get(f"{path}?compare_with=geo@9").status_code == 404
    assert Caller(ana).get(f"{path}?compare_with=a b").status_code == 422
    assert Caller(person("eve")).get(path).status_code == 404
