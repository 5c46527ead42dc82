"""The post: mails what people are due and tells webhooks, beside the worker: nobody's silence holds that up."""

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
from assay.store.models import Delivery, Notification, Person

log = logging.getLogger("assay.post")
EVERY = 0.5  # seconds between two looks
GATHER = timedelta(seconds=60)  # a mail waits so long for others to go with it
AGAIN = 300.0  # seconds after a mail server did not answer
MOST = 30  # notices of one mail; the rest is counted


class Post(threading.Thread):
    """Works until told to stop; one failure is logged and comes again."""

    def __init__(self) -> None:
        super().__init__(name="post", daemon=True)
        self._stopping = threading.Event()
        self._mail_not_before = 0.0

    def run(self) -> None:
        """Look, send, sleep."""
        while not self._stopping.wait(EVERY):
            try:
                self.step()
            except Exception:  # the next look tries again
                log.exception("The post failed")
                close_old_connections()
                self._stopping.wait(AGAIN / 60)
        connection.close()

    def stop(self) -> None:
        """End after what is being sent."""
        self._stopping.set()

    def step(self) -> None:
        """Send what is due: one delivery for each look at most holds the mails up."""
        notifications.advance()
        due = Delivery.objects.filter(next_at__lte=timezone.now()).select_related("webhook")
        delivery = due.order_by("next_at").first()
        if delivery is not None:
            deliver(delivery)
        if settings.EMAIL_HOST and time.monotonic() >= self._mail_not_before:
            self._mail()

    def _mail(self) -> None:
        """Send one mail to each person whose oldest notice has waited long enough."""
        waiting = Notification.objects.filter(mail="due").values("person").annotate(first=Min("at"))
        for person_id in waiting.filter(first__lte=timezone.now() - GATHER).values_list("person", flat=True)[:50]:
            try:
                send_digest(Person.objects.get(pk=person_id))
            except (smtplib.SMTPException, OSError) as error:
                log.warning("The mail server does not take mails: %s", error)
                self._mail_not_before = time.monotonic() + AGAIN
                return


def send_digest(person: Person) -> int:
    """Mail a person all that is due to them, in one mail; return how many notices. Raises SMTPException, OSError."""
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


def _address(notice: Notification) -> str:
    return f"{settings.PUBLIC_URL}/environments/{notice.environment}/{notice.number}/"
