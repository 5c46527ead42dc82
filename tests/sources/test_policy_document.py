"""Policies as documents."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import InvalidInputError
from assay.core.policy.findings import Effect
from assay.core.policy.library_rules import Deny, Rule
from assay.core.policy.policy import BY_KIND, DEFAULT, Policy
from assay.core.roles import Role
from assay.sources.policy_document import policy_document, policy_from_yaml, policy_schema, policy_to_yaml

words = st.text(st.characters(categories=("L", "N", "P", "Zs"), include_characters=" "), max_size=20)
rules = st.one_of(
    [
        st.builds(kind, effect=..., tags=..., bases=..., waived_by=..., stop_after=st.integers(0, 999))
        if kind is not Deny
        else st.builds(
            Deny,
            library=st.sampled_from(["foo", "b-a-r"]),
            versions=st.sampled_from(["", "<2", ">=1,<3"]),
            reason=words.filter(str.isprintable),
            effect=st.sampled_from(Effect),
            waived_by=st.sampled_from(Role),
        )
        for kind in BY_KIND.values()
        if kind.kind in {"malware", "yanked", "licence-unknown", "deny"}
    ]
)


@given(st.lists(rules, max_size=4))
def test_a_policy_survives_writing_and_reading(found: list[Rule]) -> None:
    """YAML out and in is the same policy."""
    policy = Policy(rules=tuple(one for one in found if all(text.isprintable() for text in (*one.tags, *one.bases))))
    if all(len(text) <= 500 for rule in policy.rules for text in (*rule.tags, *rule.bases)):
        assert policy_from_yaml(policy_to_yaml(policy)) == policy


def test_the_default_fits_the_schema_and_every_kind_is_in_it() -> None:
    """The JSON Schema is made from the same fields as the reading."""
    schema = policy_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(policy_document(DEFAULT), schema)
    assert policy_from_yaml(policy_to_yaml(DEFAULT)) == DEFAULT
    assert {one["title"] for one in schema["properties"]["rules"]["items"]["oneOf"]} == set(BY_KIND)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("rules: {}", "rules"),
        ("[]", "rules"),
        ("rules: [3]", "rules[0]"),
        ("rules: [{kind: nonsense}]", "rules[0].kind"),
        ("rules: [{kind: malware, effect: kill}]", "rules[0].effect"),
        ("rules: [{kind: malware, status: published}]", "rules[0].status"),
        ("rules: [{kind: deny}]", "rules[0].library"),
        ("rules: [{kind: deny, library: a, versions: newest}]", "rules[0].versions"),
        ("rules: [{kind: malware}, {kind: size, megabytes: -1}]", "rules[1].megabytes"),
        ("rules: [{kind: size, megabytes: true}]", "rules[0].megabytes"),
        ("rules: [{kind: python, allowed: [3.11]}]", "rules[0].allowed[0]"),
        ("rules: [{kind: allow-only, libraries: a}]", "rules[0].libraries"),
        ("a: &a [1]\nrules: [*a]", "rules"),
        ("rules: " + "[" * 50_000, None),
        ("rules: !!python/object:os.system {}", None),
        ("x" * 300_000, "rules"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(text: str, path: str | None) -> None:
    """A policy that cannot be read never becomes a policy."""
    with pytest.raises(InvalidInputError) as caught:
        policy_from_yaml(text)
    assert caught.value.path == path
    assert caught.value.hint
