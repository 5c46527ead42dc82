"""The record of servers follows the Hub: starts, restarts in another version, the end of idle ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone
from support.people import PASSWORD, person, published, quarantined_by_rule

from assay.core.applications import Application
from assay.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from assay.core.roles import Actor, Role
from assay.flow import retire
from assay.flow.launch import applications
from assay.flow.paths import home
from assay.store.models import Event, Launch, Membership, Server
from assay.studio import server_status, servers
from assay.studio.hub_client import ServerStatus
from assay.studio.servers import ServerOptions

if TYPE_CHECKING:
    from datetime import datetime

pytestmark = pytest.mark.django_db


@dataclass
class Hub:
    """What the Hub would say, and what it was asked."""

    states: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    used: datetime | None = None
    busy: bool = False
    code: int | None = 200

    def ensure_user(self, name: str) -> None:
        """Know everybody."""

    def start(self, name: str, server: str, options: dict[str, str]) -> None:
        """Begin to start."""
        self.asked.append(("start", name, options["environment"]))
        self.states[server] = "starting"

    def stop(self, name: str, server: str) -> None:
        """Be done with it at once."""
        self.asked.append(("stop", name))
        self.states[server] = "stopped"

    def status(self, name: str, server: str) -> ServerStatus:
        """Tell the state."""
        del name
        state = self.states[server]
        message = "Step one" if state == "starting" else ""
        return ServerStatus(
            state=state, progress=20, message=message, address="http://localhost/s/", last_activity=self.used
        )

    def http_status(self, address: str) -> int | None:
        """Answer as the application."""
        del address
        return self.code

    def is_busy(self, name: str, server: str) -> bool:
        """Say what the kernels do."""
        del name, server
        return self.busy


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Stand in for the Hub."""
    found = Hub()
    monkeypatch.setattr(server_status, "hub", lambda: found)
    return found


@pytest.fixture
def ana() -> Actor:
    """Return an author."""
    return person("ana")


@pytest.fixture
def ben() -> Actor:
    """Return a reviewer."""
    return person("ben", Role.REVIEWER)


@pytest.fixture
def eve(ana: Actor, ben: Actor) -> Actor:
    """Return somebody who uses what ana made and ben approved."""
    published(ana, ben, "geo", ["six"], {"six": "1.16.0"})
    return person("eve", Role.VIEWER)


def ready(hub: Hub, actor: Actor, **wanted: Any) -> Server:  # noqa: ANN401 - passed on
    """Start a server and let it come up."""
    server = servers.start(actor, ServerOptions(environment="geo@1", **wanted))
    hub.states[server.pk] = "ready"
    return servers.find(actor, server.pk)


def test_restart_goes_on_in_the_newer_version(hub: Hub, ana: Actor, ben: Actor, eve: Actor) -> None:
    """The same name at the Hub, another version; one use ends and another begins."""
    server = ready(hub, eve, size="large")
    published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    after = servers.restart(eve, server.pk, "geo@2")
    assert hub.asked == [("start", "eve", "geo@1"), ("stop", "eve"), ("start", "eve", "geo@2")]
    assert (after.pk, after.version.reference, after.state, after.size) == (server.pk, "geo@2", "starting", "large")
    hub.states[server.pk] = "ready"
    assert servers.find(eve, server.pk).state == "ready"
    uses = Launch.objects.filter(target_id=server.pk).order_by("started_at")
    assert [(one.version.reference, one.ended_at is None) for one in uses] == [("geo@1", False), ("geo@2", True)]


def test_restart_stops_nothing_when_it_is_refused(hub: Hub, ana: Actor, ben: Actor, eve: Actor) -> None:
    """Another's draft, a retired version, another's server: refused before anything stops."""
    server = ready(hub, eve)
    with pytest.raises(NotFoundError):
        servers.restart(eve, server.pk, "geo@7")
    with pytest.raises(NotFoundError):
        servers.restart(ana, server.pk, "geo@1")
    published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    retire.deprecate(ben, "geo", 2, reason="old")
    admin = person("ada", Role.ADMIN)
    retire.retire(admin, "geo", 2, reason="gone")
    with pytest.raises(ForbiddenError, match="retired"):
        servers.restart(eve, server.pk, "geo@2")
    assert servers.find(eve, server.pk).state == "ready"


def test_a_version_that_ends_meanwhile_is_not_started(hub: Hub, ana: Actor, ben: Actor, eve: Actor) -> None:
    """The second start asks again: what was quarantined while the server stopped stays closed, and it says so."""
    server = ready(hub, eve)
    second = published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    Server.objects.filter(pk=server.pk).update(state="stopping", next_version=second)
    hub.states[server.pk] = "stopped"
    retire.quarantine(person("ada", Role.ADMIN), "geo", 2, reason="a hole")
    after = servers.find(eve, server.pk)
    assert (after.state, after.version.reference) == ("failed", "geo@1")
    assert "quarantined" in after.message
    assert ("start", "eve", "geo@2") not in hub.asked


def test_what_runs_in_a_quarantined_version_ends_when_a_rule_says(hub: Hub, eve: Actor) -> None:
    """Until then it goes on; then it is stopped, and says why."""
    server = ready(hub, eve)
    quarantined_by_rule(server.version, timezone.now() + timedelta(hours=1))
    assert servers.find(eve, server.pk).state == "ready"
    quarantined_by_rule(server.version, timezone.now())
    after = servers.find(eve, server.pk)
    assert (after.state, after.message) == ("stopped", "geo@1 is quarantined; what ran in it is stopped.")
    assert hub.asked[-1] == ("stop", "eve")


def test_stopping_ends_a_restart(hub: Hub, ana: Actor, ben: Actor, eve: Actor) -> None:
    """Somebody who presses Stop while it restarts wants it stopped."""
    server = ready(hub, eve)
    second = published(ana, ben, "geo", ["six"], {"six": "1.17.0"})
    Server.objects.filter(pk=server.pk).update(state="stopping", next_version=second)
    assert servers.stop(eve, server.pk).state == "stopped"


def test_idle_servers_are_stopped(hub: Hub, eve: Actor, settings: Any) -> None:  # noqa: ANN401 - pytest-django's
    """Not used for the time of the setting: stopped, with the reason; busy or used ones go on; 0 is never."""
    settings.IDLE_MINUTES = 30
    server = ready(hub, eve)
    before = timezone.now() - timedelta(minutes=31)
    Server.objects.update(ready_at=before)
    hub.used = timezone.now()
    assert servers.find(eve, server.pk).state == "ready"
    hub.used, hub.busy = before, True
    assert servers.find(eve, server.pk).state == "ready"
    hub.busy, settings.IDLE_MINUTES = False, 0
    assert servers.find(eve, server.pk).state == "ready"
    settings.IDLE_MINUTES = 30
    server_status.advance()
    server_status.advance()
    after = servers.find(eve, server.pk)
    assert (after.state, after.message) == ("stopped", "Stopped after 30 minutes without use")
    assert Event.objects.filter(name="server.stopped").exists()


def test_who_is_sent_away_keeps_no_server(hub: Hub, eve: Actor) -> None:
    """Membership is read anew: a server of somebody who is no member any more is stopped, and says why."""
    server = ready(hub, eve)
    Membership.objects.filter(person_id=eve.id).delete()
    server_status.advance()
    server_status.advance()
    after = Server.objects.get(pk=server.pk)
    assert (after.state, after.message) == ("stopped", "eve is no longer a member of this workspace")


def test_an_application_is_ready_once_it_answers(hub: Hub, eve: Actor) -> None:
    """Its proxy listens before it does; one that breaks is told, with the file that was asked for."""
    added = Application(slug="plain", name="Plain", argv=("python3", "{file}", "{port}"), needs=("six",))
    applications.add_application(person("ada", Role.ADMIN), added)
    hub.code = None
    server = ready(hub, eve, application="plain", file="app.py")
    assert (server.state, server.message) == ("starting", "Plain is starting")
    hub.code = 200
    after = servers.find(eve, server.pk)
    assert (after.state, after.address) == ("ready", "http://localhost/s/")
    hub.code = 500
    broken = ready(hub, eve, application="plain", file="app.py")
    assert broken.state == "failed"
    assert "./app.py" in broken.message


def test_what_cannot_be_started_is_refused_before_the_hub_is_asked(hub: Hub, eve: Actor) -> None:
    """An application that the environment does not hold, one that is not there, no file, no such size."""
    for wanted, error in (
        ({"application": "streamlit", "file": "app.py"}, ForbiddenError),
        ({"application": "nothing"}, NotFoundError),
        ({"size": "huge"}, InvalidInputError),
    ):
        with pytest.raises(error):
            servers.start(eve, ServerOptions(environment="geo@1", **wanted))
    assert not hub.asked
    assert not Server.objects.exists()


def test_five_servers_of_one_person_at_most(hub: Hub, eve: Actor) -> None:
    """Several at once, but not without end."""
    for _ in range(servers.MAX_SERVERS):
        ready(hub, eve)
    assert len(servers.list_own(eve)) == servers.MAX_SERVERS
    with pytest.raises(ConflictError, match="5 servers"):
        servers.start(eve, ServerOptions(environment="geo@1"))


def test_the_hub_prepares_a_server_when_somebody_comes(eve: Actor) -> None:
    """Signing in and opening the launch page tell a Hub on this machine; without one there is nobody to tell."""
    active = home() / "hub" / "active"
    servers.prepare_server()
    assert not active.exists()
    active.parent.mkdir(parents=True)
    client = Client(headers={"host": "127.0.0.1"})
    assert client.post("/account/login/", {"login": eve.name, "password": PASSWORD}).status_code == 302
    active.unlink()
    assert client.get("/launch/").status_code == 200
    active.unlink()
