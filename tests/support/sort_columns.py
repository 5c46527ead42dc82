"""The law of the columns by which the catalogue sorts: they say what the versions and summaries say."""

from __future__ import annotations

from assay.store.models import Environment, UsageSummary


def check_sort_columns() -> None:
    """Fail if an environment repeats something else than its active version, or else its latest one, has."""
    people = dict(UsageSummary.objects.filter(days=30).values_list("environment", "people"))
    for one in Environment.objects.select_related("owner", "active__lock", "latest__lock"):
        shown = one.active or one.latest
        repeated = (one.shown_number, one.shown_python, one.shown_health, one.shown_published_at)
        assert repeated == ((shown.number, shown.python, shown.health, shown.published_at) if shown else repeated)
        lock = shown.lock if shown else None
        sizes = (one.shown_libraries, one.shown_size)
        assert sizes == ((lock.libraries_count, lock.size) if lock else (0, 0))
        assert one.recent_people == people.get(one.pk, 0)
        assert one.owner_name == one.owner.get_username()
