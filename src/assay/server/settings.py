"""Django's settings, from those of the installation (`config.py`; docs/reference/settings.md lists them)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from assay.server.config_loading import load, make_home
from assay.server.secrets import private_key, secret

_CONFIG = load()
HOME = make_home(_CONFIG)
PORT, HUB_PORT, APPS_PORT = _CONFIG.port, _CONFIG.hub_port, _CONFIG.apps_port
PUBLIC_URL, HUB_URL, FRAME_URL, APPS_URL = _CONFIG.url, _CONFIG.hub_url, _CONFIG.frame_url, _CONFIG.apps_url
SECURE = _CONFIG.secure
WEB_PROCESSES = _CONFIG.web_processes
INDEX_URL = _CONFIG.index
ADVISORIES = "" if _CONFIG.advisories == "off" else _CONFIG.advisories
MOST_USED_NAMES = _CONFIG.most_used_names
NAMES_HOURS = _CONFIG.names_hours
GIT_ALLOW = _CONFIG.git_allow
GIT_CERTIFICATES = {name: os.environ[name] for name in ("SSL_CERT_FILE", "GIT_SSL_CAINFO") if name in os.environ}
MAINTENANCE_HOURS = _CONFIG.maintenance_hours
PYTHON_MIRROR = _CONFIG.python_mirror
SDIST_SECONDS = _CONFIG.sdist_minutes * 60
SDIST_MEMORY = int(_CONFIG.sdist_memory * (1 << 30))
STUDIO = _CONFIG.studio
SIZES = _CONFIG.sizes
SIZE_PRICES = _CONFIG.size_prices
STORAGE_PRICE = _CONFIG.storage_price
CURRENCY = _CONFIG.currency
IDLE_MINUTES = _CONFIG.idle_minutes
PREPARED_SERVERS = _CONFIG.prepared_servers

SECRET_KEY = secret(HOME, "django")
GATE_SECRET = secret(HOME, "gate")
HUB_API_TOKEN = secret(HOME, "hub-api")
OIDC_CLIENT_SECRET = secret(HOME, "oidc-client")
VAULT_KEY = secret(HOME, "vault")  # encrypts secrets of runs and passwords of package indexes
DEBUG = False
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = [
    PUBLIC_HOST,
    urlsplit(FRAME_URL).hostname or "localhost",
    "127.0.0.1",
    "localhost",
]  # other hosts redirect to the public one
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
    "assay.server.metrics.RequestMetrics",
    "assay.web.middleware.WorkSlotMiddleware",
    "assay.web.middleware.RequestIdMiddleware",
    "assay.web.middleware.OneHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "assay.web.middleware.PersonMiddleware",
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


def database_settings(address: str) -> dict[str, Any]:
    """Return the database settings: `postgresql://…`, else SQLite in HOME. Both keep committed data after a crash."""
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "assay.sqlite3",
            "OPTIONS": {
                # Without IMMEDIATE two writers that both read first lose updates or fail at once.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # The worker moves the log into the database (`store.checkpoint`); 20,000 pages of 4 KiB at most.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000; "
                "PRAGMA wal_autocheckpoint=20000;",
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


DATABASES = {"default": database_settings(_CONFIG.database)}
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

SESSION_ENGINE = "assay.store.sessions"
SESSION_COOKIE_NAME = "__Host-assay" if SECURE else "assay"
CSRF_COOKIE_NAME = "__Host-assay-csrf" if SECURE else "assay-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from the Hub's sign-in
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_FAILURE_VIEW = "assay.web.errors.forbidden"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024  # an import of 8 MB in base64

# Notifications are mailed where a mail server is set; passwords never are: administrators set them.
_MAIL = urlsplit(_CONFIG.smtp)
EMAIL_HOST = _MAIL.hostname or ""
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
EMAIL_PORT = _MAIL.port or (465 if _MAIL.scheme == "smtps" else 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
EMAIL_USE_SSL = _MAIL.scheme == "smtps"
EMAIL_USE_TLS = bool(EMAIL_HOST_USER) and not EMAIL_USE_SSL  # a password is never sent unencrypted
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = _CONFIG.mail_from
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
    "formatters": {
        "line": {"()": "assay.server.logs.LineFormatter"},
        "json": {"()": "assay.server.logs.JsonFormatter"},
    },
    "filters": {"request": {"()": "assay.server.logs.AddRequest"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": _CONFIG.log_format, "filters": ["request"]}
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"assay": {"level": "INFO"}, "django.security.DisallowedHost": {"level": "CRITICAL"}},
}
