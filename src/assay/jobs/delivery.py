"""Delivery of notifications by email and to webhooks, in a thread, so that slow receivers never block the worker."""

from __future__ import annotations

import logging
import smtplib
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import close_old_connections, connection
from django.db.models import Min
from django.utils import timezone

from assay.flow.notify import notifications
from assay.flow.notify.webhooks import deliver
from assay.store.changes import Changes
from assay.store.models import Delivery, Notification, Person

log = logging.getLogger("assay.delivery")
EVERY, QUIET = 0.5, 5.0  # seconds between two steps: after something was written to the database, and else
GATHER = timedelta(seconds=60)  # a notification waits so long for others to share its email
RETRY_SECONDS = 300.0  # to wait after the mail server failed
MOST = 30  # notifications listed in one email; the rest is counted


class DeliveryThread(threading.Thread):
    """The delivery thread. It runs until `stop`; a failed step is logged and retried."""

    def __init__(self) -> None:
        super().__init__(name="delivery", daemon=True)
        self._stopping = threading.Event()
        self._mail_not_before = 0.0
        self._next = 0.0

    def run(self) -> None:
        """Run steps until `stop`."""
        changes = Changes()
        while not self._stopping.wait(EVERY):
            try:
                if changes.look() or time.monotonic() >= self._next:
                    self.step()
                    self._next = time.monotonic() + QUIET
            except Exception:  # the next step retries
                log.exception("Delivery failed")
                close_old_connections()
                self._stopping.wait(RETRY_SECONDS / 60)
        connection.close()

    def stop(self) -> None:
        """Stop after the current step."""
        self._stopping.set()

    def step(self) -> None:
        """Send at most one webhook delivery (a slow receiver would delay the emails), then all due emails."""
        notifications.advance()
        due = Delivery.objects.filter(next_at__lte=timezone.now()).select_related("webhook")
        delivery = due.order_by("next_at").first()
        if delivery is not None:
            deliver(delivery)
        if settings.EMAIL_HOST and time.monotonic() >= self._mail_not_before:
            self._mail()

    def _mail(self) -> None:
        """Send one email to each person whose oldest notification has waited for `GATHER`."""
        waiting = Notification.objects.filter(mail="due").values("person").annotate(first=Min("at"))
        for person_id in waiting.filter(first__lte=timezone.now() - GATHER).values_list("person", flat=True)[:50]:
            try:
                send_digest(Person.objects.get(pk=person_id))
            except (smtplib.SMTPException, OSError) as error:
                log.warning("The mail server does not accept emails: %s", error)
                self._mail_not_before = time.monotonic() + RETRY_SECONDS
                return


def send_digest(person: Person) -> int:
    """Send a person all due notifications in one email; return their number. Raises SMTPException, OSError."""
    rows = list(Notification.objects.filter(person=person, mail="due").order_by("sequence"))
    if not rows or not person.email:
        Notification.objects.filter(pk__in=[one.pk for one in rows]).update(mail="")
        return 0
    subject = rows[0].text if len(rows) == 1 else f"{len(rows)} notifications"
    lines = [f"- {one.text}\n  {_address(one)}" for one in rows[:MOST]]
    if len(rows) > MOST:
        lines.append(f"- and {len(rows) - MOST} more: {settings.PUBLIC_URL}/notifications/")
    foot = f"\n\nYou get these mails from Assay at {settings.PUBLIC_URL}; your account there turns them off."
    message = EmailMessage(
        subject=f"Assay: {' '.join(subject.split())[:150]}",
        body="\n".join(lines) + foot,
        to=[person.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    message.send()
    Notification.objects.filter(pk__in=[one.pk for one in rows]).update(mail="sent")
    return len(rows)


def _address(notification: Notification) -> str:
    return f"{settings.PUBLIC_URL}/environments/{notification.environment}/{notification.number}/"
