"""The configuration that the guide gives for an existing Hub, word for word, in a stock Hub with a stock Spawner."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from studio.rig import PASSWORD, SECRETS, Desk, Studio, serve_desk
from studio.test_hub import LOOK, run_cell

if TYPE_CHECKING:
    from collections.abc import Iterator

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "studio.md"

# What every Hub has anyway: an address, a database, a proxy, a Spawner; and a sign-in that needs no desk.
AROUND = """
import bcrypt
from jupyterhub_traefik_proxy.fileprovider import TraefikFileProviderProxy
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{inner}"
c.JupyterHub.db_url = "sqlite:///{home}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{home}/cookie-secret"
c.JupyterHub.spawner_class = "jupyterhub.spawner.SimpleLocalProcessSpawner"
c.JupyterHub.proxy_class = TraefikFileProviderProxy
c.TraefikFileProviderProxy.static_config_file = "{home}/traefik.toml"
c.TraefikFileProviderProxy.dynamic_config_file = "{home}/rules.toml"
c.TraefikFileProviderProxy.traefik_api_url = "http://127.0.0.1:{api}"
c.TraefikFileProviderProxy.traefik_entrypoint = "http"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.DummyAuthenticator.allow_all = True
c.Authenticator.auto_login = False
c.Authenticator.manage_groups = False
c.JupyterHub.cleanup_servers = True
c.SimpleLocalProcessSpawner.home_dir_template = "{home}/homes/{{username}}"
c.Spawner.args = {root!r}
c.JupyterHub.tornado_settings = {{"slow_spawn_timeout": 0.5}}
"""


class StockStudio(Studio):
    """A Hub by the guide's text."""

    def configure(self, port: int, desk_port: int) -> Path:
        """Write the guide's configuration, its addresses and files replaced, and what is around it."""
        text = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)[0]
        for name in ("gate", "oidc-client", "hub-api"):
            text = re.sub(rf'"/srv/hub/assay-{name}[a-z-]*"', repr(str(self.home / "secrets" / name)), text)
        text = text.replace("https://assay.example", f"http://127.0.0.1:{desk_port}")
        text = text.replace('"/srv/assay"', repr(str(self.home)))
        assert "/srv" not in text
        around = AROUND.format(
            port=port, inner=port + 1, api=port + 2, home=self.home, password=PASSWORD, root=["--allow-root"]
        )
        config = self.home / "config.py"
        config.write_text(text + around)
        return config


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, StockStudio]]:
    """Start a desk and a stock Hub."""
    prefix = tmp_path_factory.mktemp("environments") / "geo"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(prefix)], check=True)
    desk = Desk(prefix)
    with serve_desk(desk) as server:
        with StockStudio(tmp_path_factory.mktemp("stock"), server.server_port) as studio:
            yield desk, studio
        server.shutdown()


def test_a_stock_hub_starts_what_the_desk_allows(served: tuple[Desk, StockStudio]) -> None:
    """The environment is the only kernel; a refusal is told; the next start is refused while the desk says no."""
    desk, studio = served
    studio.start("ana", "one")
    studio.seen("ana", "one", "ready")
    assert desk.asked == [{"user": "ana", "environment": "geo@4", "server": "one"}]
    kernels = studio.call("GET", "/user/ana/one/api/kernelspecs").json()
    assert list(kernels["kernelspecs"]) == ["python3"]
    assert run_cell(studio, "ana", "one", LOOK)["prefix"] == str(desk.prefix)
    studio.stop("ana", "one")
    desk.refuse("geo@4 is retired.", "Use geo@5.")
    assert "retired" in studio.refused("ana", "one")
    desk.refusal = None


def test_an_application_in_a_stock_hub(served: tuple[Desk, StockStudio]) -> None:
    """The proxy's own program runs it."""
    desk, studio = served
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "{port}"]
    home = studio.home / "homes" / "bea"
    home.mkdir(parents=True)
    (home / "hello.json").write_text(json.dumps("hello"))
    desk.application = {"name": "Files", "path": "", "argv": argv, "strips": True}
    studio.start("bea", "files")
    address = studio.seen("bea", "files", "ready").address
    with studio.browser("bea") as browser:
        assert browser.get(f"{address}hello.json", timeout=30).json() == "hello"
    assert SECRETS["gate"]
    studio.stop("bea", "files")
