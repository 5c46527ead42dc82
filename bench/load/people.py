"""`python -m load.people`: who visits, with sessions and tokens, and what they look at; printed as JSON.

Runs with the home and the database of a server, whose people and environments these are.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import defaultdict

import django

WORKSPACE = "default"
VISITORS, REVIEWERS = 150, 50  # with a session and a token each
ENVIRONMENTS, PENDING, PAIRS = 400, 60, 100


def main() -> None:
    """Print who visits what."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.server.settings")
    django.setup()
    json.dump(plan(random.Random(3)), sys.stdout)  # noqa: S311 - no secret


def plan(dice: random.Random) -> dict[str, object]:
    """Return sessions and tokens of people by role, and the names of environments and versions."""
    from assay.store.models import Environment, Version  # noqa: PLC0415 - after setup

    environments = Environment.objects.filter(workspace__slug=WORKSPACE)
    active = [list(one) for one in environments.exclude(active=None).values_list("slug", "active__number")]
    published = Version.objects.filter(environment__in=environments, published_at__isnull=False)
    numbers: dict[str, list[int]] = defaultdict(list)
    for slug, number in published.order_by("number").values_list("environment__slug", "number"):
        numbers[slug].append(number)
    several = [(slug, *found[:2]) for slug, found in numbers.items() if len(found) > 1]
    pending = Version.objects.filter(environment__workspace__slug=WORKSPACE, status="pending")
    return {
        "visitors": _people(dice, VISITORS, "member", "viewer"),
        "reviewers": _people(dice, REVIEWERS, "reviewer", "admin"),
        "authors": _people(dice, 1, "member"),
        "environments": dice.sample(active, min(len(active), ENVIRONMENTS)),
        "pending": [list(one) for one in pending.values_list("environment__slug", "number")[:PENDING]],
        "several": dice.sample(several, min(len(several), PAIRS)),
    }


def _people(dice: random.Random, count: int, *roles: str) -> list[dict[str, str]]:
    from django.conf import settings  # noqa: PLC0415 - after setup
    from django.test import Client  # noqa: PLC0415 - as above

    from assay.flow.people import create_token  # noqa: PLC0415 - as above
    from assay.store.models import Person  # noqa: PLC0415 - as above

    people = list(Person.objects.filter(memberships__workspace__slug=WORKSPACE, memberships__role__in=roles))
    found = []
    for one in dice.sample(people, min(count, len(people))):
        client = Client()
        client.force_login(one, "allauth.account.auth_backends.AuthenticationBackend")
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        token = create_token(one, "load").secret
        found.append({"cookie": f"{settings.SESSION_COOKIE_NAME}={session}", "token": token})
    return found


if __name__ == "__main__":
    main()
