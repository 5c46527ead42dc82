"""Facts of a workspace about the libraries of a version, loaded with one query.

Each fact is that of the first row that matches, so the time does not grow with the number of environments. The query
is written in SQL because its order matters: it starts from the library, whose index finds a match at once, and not
from the environments, of which there may be tens of thousands. `CROSS JOIN` keeps SQLite to that order, `|| ''` from
looking through all locks with a file, and the descending order from looking through old versions first.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from assay.core.lifecycle import Status
from assay.core.roles import Actor, Right
from assay.store.models import Version

QUERY = """
SELECT l.name,
  EXISTS (SELECT 1 FROM store_approvedlibrary a WHERE a.workspace_id = %(workspace)s AND a.name = l.name),
  (
    SELECT max(v.number) FROM store_version v
    CROSS JOIN store_lockedlibrary other CROSS JOIN store_submission s
    WHERE v.environment_id = %(environment)s AND v.number < %(number)s
      AND v.status IN (%(published)s, %(deprecated)s, %(retired)s)
      AND other.lock_id = v.lock_id AND other.name = l.name AND other.file || '' = l.file AND l.file <> ''
      AND s.version_id = v.id AND s.outcome = 'approved'
      AND NOT EXISTS (
        SELECT 1 FROM store_policyrevision p WHERE p.workspace_id = %(workspace)s AND p.at > s.ended_at
      )
  ),
  (
    SELECT e.slug || '@' || v.number || ' ' || other.version FROM store_lockedlibrary other
    CROSS JOIN store_version v CROSS JOIN store_environment e
    WHERE other.name = l.name AND v.lock_id = other.lock_id AND v.environment_id <> %(environment)s
      AND e.id = v.environment_id AND e.active_id = v.id AND e.workspace_id = %(workspace)s
    ORDER BY other.version DESC LIMIT 1
  ),
  (
    SELECT e.slug || '@' || v.number FROM store_version v
    CROSS JOIN store_environment e CROSS JOIN store_lockedlibrary other
    WHERE v.status IN (%(pending)s) AND v.id <> %(version)s
      AND e.id = v.environment_id AND e.workspace_id = %(workspace)s
      AND (%(author)s = 0 OR v.author_id = %(author)s)
      AND other.lock_id = v.lock_id AND other.name = l.name
    ORDER BY v.submitted_at, v.id LIMIT 1
  )
FROM store_lockedlibrary l
WHERE l.lock_id = %(lock)s
"""


@dataclass(frozen=True, kw_only=True)
class KnownLibrary:
    """Facts of a workspace about one library.

    `approved` is whether a version with it was ever published, `accepted` the last version of the same environment
    that was approved with the same file, `held` the active version of another environment that contains it, and the
    version of the library there, `waiting` another pending submission that contains it; '' for none.
    """

    approved: bool
    accepted: str
    held: str
    waiting: str


def known_libraries(actor: Actor, version: Version, names: list[str]) -> dict[str, KnownLibrary]:
    """Return the facts about the named libraries that a version contains, by name.

    Only approvals under the current policy revision count as accepted. Submissions that the actor may not see are
    left out.
    """
    if not names:
        return {}
    places = {f"name{at}": name for at, name in enumerate(names)}
    values = {
        "workspace": version.environment.workspace_id,
        "environment": version.environment_id,
        "version": version.pk,
        "number": version.number,
        "lock": version.lock_id,
        "author": 0 if actor.has(Right.REVIEW) else actor.id,
        **{str(one): str(one) for one in (Status.PUBLISHED, Status.DEPRECATED, Status.RETIRED, Status.PENDING)},
        **places,
    }
    among = ", ".join(f"%({place})s" for place in places)
    with connection.cursor() as cursor:
        cursor.execute(f"{QUERY} AND l.name IN ({among})", values)
        rows = cursor.fetchall()
    slug = version.environment.slug
    return {
        name: KnownLibrary(
            approved=bool(approved),
            accepted=f"{slug}@{accepted}" if accepted else "",
            held=held or "",
            waiting=waiting or "",
        )
        for name, approved, accepted, held, waiting in rows
    }
