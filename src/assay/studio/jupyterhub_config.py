"""Configuration of the Hub that runs beside Assay. `docs/guides/studio.md` explains how to use another Hub.

JupyterHub executes this file. All values come from variables that `assay up` sets, and from secrets in its home.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from pathlib import Path

import bcrypt
from jupyterhub_traefik_proxy.fileprovider import TraefikFileProviderProxy
from oauthenticator.generic import GenericOAuthenticator

from assay.studio.hub_gate import from_environment
from assay.studio.hub_spawner import WatchedSpawner
from assay.studio.hub_static import routes
from assay.studio.prepared_pool import pool_from_environment

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - defined by JupyterHub
home = Path(os.environ["ASSAY_HOME"])
folder = home / "hub"
public_url = os.environ["ASSAY_URL"]  # for browsers
internal_url = os.environ["ASSAY_GATE_URL"]  # for this process
address = os.environ["ASSAY_HUB_URL"]
port = int(os.environ["ASSAY_HUB_PORT"])


def secret(name: str) -> str:
    """Return one of the installation's secrets."""
    return (home / "secrets" / name).read_text()


# Addresses: the Hub has another host name than Assay; everything listens on loopback only.
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port + 1}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie-secret")
c.JupyterHub.cleanup_servers = True  # Ctrl-C ends all processes
c.JupyterHub.allow_named_servers = True
c.JupyterHub.named_server_limit_per_user = 10
c.JupyterHub.log_level = "ERROR"  # each start slower than slow_spawn_timeout logs a warning
c.JupyterHub.tornado_settings = {"slow_spawn_timeout": 0.25}  # wait for refusals, not for whole starts
c.PeriodicMetricsCollector.event_loop_interval_enabled = False  # it wakes the Hub 20 times a second
c.JupyterHub.extra_handlers = routes()

# The proxy: a binary from a Python package. By default it collects changes for 2 s.
c.JupyterHub.proxy_class = TraefikFileProviderProxy
c.TraefikFileProviderProxy.traefik_api_username = "assay"
proxy_password = secrets.token_hex(32)
c.TraefikFileProviderProxy.traefik_api_password = proxy_password
# Checked three times per start: 12 rounds (the default) take 0.8 s, and 256 random bits need no slow hash.
c.TraefikFileProviderProxy.traefik_api_hashed_password = bcrypt.hashpw(
    proxy_password.encode(), bcrypt.gensalt(rounds=4)
).decode()
c.TraefikFileProviderProxy.traefik_entrypoint = "http"
c.TraefikFileProviderProxy.static_config_file = str(folder / "traefik.toml")
c.TraefikFileProviderProxy.dynamic_config_file = str(folder / "rules.toml")
c.TraefikFileProviderProxy.traefik_api_url = f"http://127.0.0.1:{port + 2}"
c.TraefikFileProviderProxy.traefik_providers_throttle_duration = "50ms"

# Sign-in through Assay.
c.JupyterHub.authenticator_class = GenericOAuthenticator
c.GenericOAuthenticator.client_id = "assay-hub"
c.GenericOAuthenticator.client_secret = secret("oidc-client")
c.GenericOAuthenticator.oauth_callback_url = f"{address}/hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = f"{public_url}/identity/o/authorize"
c.GenericOAuthenticator.token_url = f"{internal_url}/identity/o/api/token"
c.GenericOAuthenticator.userdata_url = f"{internal_url}/identity/o/api/userinfo"
c.GenericOAuthenticator.scope = ["openid", "profile"]
c.GenericOAuthenticator.username_claim = "preferred_username"
c.GenericOAuthenticator.login_service = "Assay"
c.GenericOAuthenticator.auto_login = True
c.GenericOAuthenticator.allow_all = True  # everyone who can sign in to Assay; the gate authorizes each start
c.GenericOAuthenticator.manage_groups = True
c.GenericOAuthenticator.auth_state_groups_key = "oauth_user.groups"

# Assay's access to the Hub.
c.JupyterHub.services = [{"name": "assay", "api_token": secret("hub-api")}]
c.JupyterHub.load_roles = [
    {
        "name": "assay",
        "scopes": ["admin:users", "admin:servers", "read:users", "access:servers"],
        "services": ["assay"],
    },
    {  # administrators list and stop all servers, but cannot open them
        "name": "assay-admin",
        "scopes": ["admin-ui", "list:users", "read:users", "read:servers", "delete:servers"],
        "groups": ["default-admin"],
    },
]

# Servers: one process tree each.
gate = from_environment()
c.JupyterHub.spawner_class = WatchedSpawner
c.WatchedSpawner.log_folder = str(folder / "logs")
c.Spawner.cmd = [sys.executable, "-m", "assay.studio.server", "jupyterhub-singleuser"]
c.Spawner.options_form = gate.form
c.Spawner.options_from_form = "simple"
c.Spawner.apply_user_options = gate.apply
c.Spawner.environment = {
    "ASSAY_ISOLATED_HOME": str(home),  # hidden from servers, except for the paths they need
    "JUPYTERHUB_ACTIVITY_INTERVAL": os.environ["ASSAY_ACTIVITY"],
}
c.Spawner.env_keep = ["PATH", "LANG", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"]
c.Spawner.start_timeout = 60
c.Spawner.http_timeout = 60
c.SimpleLocalProcessSpawner.home_dir_template = str(home / "homes" / "{username}")
c.LocalProcessSpawner.interrupt_timeout = 1
c.LocalProcessSpawner.term_timeout = 4
c.LocalProcessSpawner.kill_timeout = 4
c.LocalProcessSpawner.shell_cmd = []

# Notebook servers that are prepared before somebody asks for one.
WatchedSpawner.pool = pool_from_environment(folder, c.Spawner.environment, c.Spawner.env_keep)
preparing = asyncio.get_running_loop().create_task(WatchedSpawner.pool.run())
