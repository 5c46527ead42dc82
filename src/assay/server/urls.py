"""All URLs of the server."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from assay.api import docs, imports
from assay.api.app import api
from assay.server.health import healthz, readyz
from assay.server.metrics import metrics
from assay.studio import gate
from assay.web import frames
from assay.web.account import account

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("studio/gate", gate.gate),
    path("studio/environments", gate.choices),
    path("frames/<str:token>", frames.frame, name="frame"),
    path("api/v1/docs", docs.page),
    path("api/v1/imports", imports.report_imports),
    path("api/v1/", api.urls),
    path("account/password/reset/", account.forgotten, name="account_reset_password"),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("", include("allauth.idp.urls")),
    path("", include("assay.web.urls")),
]
handler404 = "assay.web.errors.not_found"
handler403 = "assay.web.errors.forbidden"
handler500 = "assay.web.errors.fault"
