"""The addresses of the pages."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from assay.web import (
    account,
    admin_environments,
    build,
    editor,
    environment,
    environments,
    launch,
    review,
    runtime_secrets,
    runtimes,
)

VERSION = "environments/<slug:slug>/<int:number>"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="environments"), name="home"),
    path("environments/", environments.environments, name="environments"),
    path("new", editor.new, name="environment-new"),
    path("new/preview", editor.resolve_preview, name="resolve-preview"),
    path("new/slug", editor.check_slug, name="check-slug"),
    path("new/intake", editor.intake, name="intake"),
    path("environments/<slug:slug>/", environment.environment, name="environment"),
    path("environments/<slug:slug>/versions", environment.new_version, name="new-version"),
    path(f"{VERSION}/", environment.environment, name="version"),
    path(f"{VERSION}/edit", editor.edit, name="editor"),
    path(f"{VERSION}/build", build.start, name="build-start"),
    path(f"{VERSION}/submit", environment.submit, name="submit"),
    path(f"{VERSION}/withdraw", environment.withdraw, name="withdraw"),
    path(f"{VERSION}/delete", environment.delete, name="version-delete"),
    path(f"{VERSION}/deprecate", environment.deprecate, name="deprecate"),
    path(f"{VERSION}/restore", environment.restore, name="restore"),
    path(f"{VERSION}/lock", environment.lock_file, name="lock"),
    path(f"{VERSION}/review", review.show, name="review"),
    path(f"{VERSION}/approve", review.approve, name="approve"),
    path(f"{VERSION}/reject", review.reject, name="reject"),
    path("builds/<uuid:build>/", build.build, name="build"),
    path("builds/<uuid:build>/log", build.build_log, name="build-log"),
    path("builds/<uuid:build>/cancel", build.cancel, name="build-cancel"),
    path("admin/environments/", admin_environments.admin_environments, name="admin-environments"),
    path("admin/audit/", admin_environments.audit, name="audit"),
    path("launch/", launch.launch, name="launch"),
    path("launch/start", launch.start, name="server-start"),
    path("servers/", launch.mine, name="servers"),
    path("servers/<slug:server>/", launch.server, name="server"),
    path("servers/<slug:server>/stop", launch.stop, name="server-stop"),
    path("runtimes/", runtimes.index, name="runtimes"),
    path("runtimes/new", runtimes.new, name="runtime-new"),
    path("runtimes/secrets/", runtime_secrets.secrets, name="secrets"),
    path("runtimes/secrets/<str:name>/remove", runtime_secrets.forget, name="secret-forget"),
    path("runtimes/scripts/<slug:slug>/", runtimes.runtime, name="runtime"),
    path("runtimes/scripts/<slug:slug>/run", runtimes.start, name="run-start"),
    path("runtimes/runs/<uuid:run>/", runtimes.run, name="run"),
    path("runtimes/runs/<uuid:run>/log", runtimes.run_log, name="run-log"),
    path("runtimes/runs/<uuid:run>/outputs/<path:name>", runtimes.output, name="run-output"),
    path("runtimes/runs/<uuid:run>/cancel", runtimes.cancel, name="run-cancel"),
    path("me/", account.account, name="account"),
    path("me/tokens/<int:token>/revoke", account.revoke, name="token-revoke"),
]
