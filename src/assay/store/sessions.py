"""Sessions in the database, read with a compiled statement: the session engine of Django's settings."""

from __future__ import annotations

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.contrib.sessions.models import Session
from django.utils import timezone

from assay.store.statements import Parameter, Statement

LIVE = Statement(lambda: Session.objects.filter(session_key=Parameter("key"), expire_date__gt=Parameter("now")))


class SessionStore(DatabaseSessions):
    """Django's sessions in the database."""

    def _get_session_from_db(self) -> Session | None:
        """Return the session unless it has expired; an unknown key is not used for a new one."""
        found = LIVE.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found
