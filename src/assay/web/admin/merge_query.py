"""The choices of the merge page as an address: versions, what is covered, and decisions about single libraries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from assay.core.errors import InvalidInputError
from assay.core.maintenance.merge_plan import By, Choices, parse_choices


@dataclass(frozen=True, kw_only=True)
class MergeQuery:
    """The parameters of the merge page; `choices` are decisions about libraries and the Python."""

    versions: tuple[str, ...]
    by: By
    choices: Choices

    @classmethod
    def read(cls, given: QueryDict) -> MergeQuery:
        """Read `versions=a@1,b@2&by=imported&leave=six&take=attrs:a@1&python=3.12`. Raises InvalidInputError."""
        named = ",".join(given.getlist("versions"))
        by = given.get("by", "") or By.ASKED
        if by not in set(By):
            raise InvalidInputError(
                f"{str(by)[:40]!r} is not a selection.", hint=f"Use {' or '.join(By)}.", path="by"
            )
        return cls(
            versions=tuple(dict.fromkeys(one.strip() for one in named.split(",") if one.strip())),
            by=By(by),
            choices=parse_choices(given.getlist("leave"), given.getlist("take"), given.get("python", "")),
        )

    def address(self, route: str = "merge", **more: str) -> str:
        """Return the address of a page with these parameters, the same for equal choices."""
        return f"{reverse(route)}?{urlencode([*self.fields(), *more.items()], safe='@,:')}"

    def fields(self) -> list[tuple[str, str]]:
        """Return the parameters as (name, value), for addresses and hidden fields."""
        choices = self.choices
        return [
            *([("versions", ",".join(self.versions))] if self.versions else []),
            *([("by", str(self.by))] if self.by is not By.ASKED else []),
            *(("leave", name) for name in sorted(choices.leave)),
            *(("take", f"{name}:{reference}") for name, reference in sorted(choices.take.items())),
            *([("python", choices.python)] if choices.python else []),
        ]

    def choosing(self, choices: Choices) -> MergeQuery:
        """Return the query with other choices."""
        return replace(self, choices=choices)

    def without(self, reference: str) -> MergeQuery:
        """Return the query without a version, and without the choices that take its requirements."""
        take = {name: one for name, one in self.choices.take.items() if one != reference}
        versions = tuple(one for one in self.versions if one != reference)
        return replace(self, versions=versions, choices=replace(self.choices, take=take))
