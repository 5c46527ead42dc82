"""Settings: read from the environment once, with defaults that are safe on one machine.

| Variable | Meaning | Default |
|---|---|---|
| `ASSAY_HOME` | where everything is kept | `./var` |
| `PORT` | port of the pages, on loopback | 8000 |
| `ASSAY_HUB_PORT` | port of the Hub | `PORT` + 1 |
| `ASSAY_URL` | the address that people use | `http://127.0.0.1:PORT` |
| `ASSAY_HUB_URL` | the Hub's address: another host name, so that no cookie is shared | `http://localhost:HUB_PORT` |
| `ASSAY_FRAME_URL` | the pages at another host name, for what people's notebooks made | `http://localhost:PORT` |
| `ASSAY_DATABASE` | `postgresql://user:password@host/name`; else SQLite in `ASSAY_HOME` | |
| `ASSAY_INDEX` | the package index | the public one |
| `ASSAY_ADVISORIES` | path or address of an OSV `all.zip`; the worker loads it every night | |
| `ASSAY_APPS_PORT` | port at which apps are reached | `PORT` + 4 |
| `ASSAY_APPS_URL` | its address; each app has a host name below it | `http://apps.localhost:APPS_PORT` |
| `ASSAY_GIT_ALLOW` | beginnings of repositories' addresses that may be private ones or files, by spaces | |
| `ASSAY_SIZES` | sizes of Studio servers, the default first: `name=MEMORY/PROCESSORS` | small, medium, large |
| `ASSAY_IDLE_MINUTES` | a Studio server that nobody uses for so long is stopped; 0 for never | 240 |
| `ASSAY_SMTP` | mail server: `smtp://user:password@host:587`, or `smtps://…:465`; none: nothing is mailed | |
| `ASSAY_MAIL_FROM` | who mails are from | `assay@HOST` of `ASSAY_URL` |
| `ASSAY_SECURE` | `1` behind TLS: secure cookies with the `__Host-` prefix | 0 |
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from assay.core.sizes import read_sizes
from assay.server.secrets import private_key, secret

HOME = Path(os.environ.get("ASSAY_HOME", "var")).resolve()
HOME.mkdir(parents=True, exist_ok=True)
PORT = int(os.environ.get("PORT", "8000"))
HUB_PORT = int(os.environ.get("ASSAY_HUB_PORT", str(PORT + 1)))
PUBLIC_URL = os.environ.get("ASSAY_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
HUB_URL = os.environ.get("ASSAY_HUB_URL", f"http://localhost:{HUB_PORT}").rstrip("/")
FRAME_URL = os.environ.get("ASSAY_FRAME_URL", f"http://localhost:{PORT}").rstrip("/")
INDEX_URL = os.environ.get("ASSAY_INDEX", "https://pypi.org/simple")
UPKEEP_HOURS = float(os.environ.get("ASSAY_UPKEEP_HOURS", "24"))  # between two looks at all files; 0 for never
ADVISORIES = os.environ.get("ASSAY_ADVISORIES", "")
APPS_PORT = int(os.environ.get("ASSAY_APPS_PORT", str(PORT + 4)))
APPS_URL = os.environ.get("ASSAY_APPS_URL", f"http://apps.localhost:{APPS_PORT}").rstrip("/")
GIT_ALLOW = tuple(os.environ.get("ASSAY_GIT_ALLOW", "").split())
GIT_CERTIFICATES = {name: os.environ[name] for name in ("SSL_CERT_FILE", "GIT_SSL_CAINFO") if name in os.environ}
SIZES = read_sizes(os.environ.get("ASSAY_SIZES", "medium=4G/2 small=2G/1 large=16G/4"))
IDLE_MINUTES = float(os.environ.get("ASSAY_IDLE_MINUTES", "240"))
SECURE = os.environ.get("ASSAY_SECURE") == "1"

SECRET_KEY = secret(HOME, "django")
GATE_SECRET = secret(HOME, "gate")
HUB_API_TOKEN = secret(HOME, "hub-api")
OIDC_CLIENT_SECRET = secret(HOME, "oidc-client")
VAULT_KEY = secret(HOME, "vault")  # encrypts what people give to their runs, and passwords of package sources
DEBUG = False
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = [
    PUBLIC_HOST,
    urlsplit(FRAME_URL).hostname or "localhost",
    "127.0.0.1",
    "localhost",
]  # pages at another host lead to the public one
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

MESSAGE_TAGS = {40: "bad", 30: "warn", 25: "good"}  # our colours for error, warning, success
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.idp.oidc",
    "assay.store",
    "assay.web",
]
MIDDLEWARE = [
    "assay.web.middleware.RequestIdMiddleware",
    "assay.web.middleware.OneHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "assay.web.middleware.PolicyMiddleware",
    "assay.web.middleware.ErrorMiddleware",
]
ROOT_URLCONF = "assay.server.urls"
WSGI_APPLICATION = "assay.server.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent.parent / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "assay.web.shell.shell",
            ],
        },
    }
]


def _database(address: str) -> dict[str, Any]:
    """Read `postgresql://…`, or place SQLite in the home; both keep what they accepted through a crash."""
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "assay.sqlite3",
            "OPTIONS": {
                # Without IMMEDIATE two writers that both read first lose updates or fail at once.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
            },
            "TEST": {"NAME": HOME / "test.sqlite3"},  # a file: tests use it from several threads
        }
    parts = urlsplit(address)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),  # %2F: the directory of a socket
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
    }


DATABASES = {"default": _database(os.environ.get("ASSAY_DATABASE", ""))}
DATABASES["default"].setdefault("CONN_MAX_AGE", None)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "store_cache"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "store.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "environments"
ACCOUNT_ADAPTER = "assay.web.account.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Assay"
IDP_OIDC_ADAPTER = "assay.web.account.adapters.IdentityAdapter"
IDP_OIDC_PRIVATE_KEY = private_key(HOME)

SESSION_COOKIE_NAME = "__Host-assay" if SECURE else "assay"
CSRF_COOKIE_NAME = "__Host-assay-csrf" if SECURE else "assay-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from the Hub's sign-in
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_FAILURE_VIEW = "assay.web.errors.forbidden"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Notices are mailed where a server is named; passwords never are: administrators set them.
_MAIL = urlsplit(os.environ.get("ASSAY_SMTP", ""))
EMAIL_HOST = _MAIL.hostname or ""
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
EMAIL_PORT = _MAIL.port or (465 if _MAIL.scheme == "smtps" else 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = bool(EMAIL_HOST_USER) and not EMAIL_USE_SSL  # a password is never sent in the open
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = os.environ.get("ASSAY_MAIL_FROM", f"assay@{urlsplit(PUBLIC_URL).hostname}")
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False  # the pages speak English; saves a look-up for every value shown
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600 if SECURE else 0

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "assay.server.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"assay": {"level": "INFO"}, "django.security.DisallowedHost": {"level": "CRITICAL"}},
}
