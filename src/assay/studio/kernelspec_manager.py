"""For a local Jupyter: the workspace's environments as kernels; Assay authorizes each start.

`assay jupyter install` copies this file beside Jupyter, as `assay_kernels`: standard library, tornado and
jupyter_client only. `ASSAY_URL`, `ASSAY_TOKEN` and `ASSAY_WORKSPACE` are those of the `assay` command.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.provisioning import LocalProvisioner
from tornado.web import HTTPError
from traitlets import Unicode

PREFIX = "assay-"  # of the names of Assay's kernels
CACHE_SECONDS = 10.0  # for the list of kernels
TIMEOUT = 10  # seconds


class RefusedError(HTTPError):  # type: ignore[misc]  # its base has no types
    """A refusal by Assay, or no response; Jupyter shows the message to the person."""

    def __init__(self, message: str, status: int = 403) -> None:
        super().__init__(status, message.replace("%", "%%"), reason="Refused by Assay")
        self.message = message

    def __str__(self) -> str:
        return self.message


def call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Call Assay. Raises RefusedError with its message, also when it does not respond."""
    token = os.environ.get("ASSAY_TOKEN", "")
    if not token:
        raise RefusedError("ASSAY_TOKEN is not set. Create a token on your account page and export it.")
    root = os.environ.get("ASSAY_URL", "http://127.0.0.1:8000").rstrip("/")
    request = urllib.request.Request(  # noqa: S310 - the address is the user's own setting
        f"{root}/api/v1/workspaces/{os.environ.get('ASSAY_WORKSPACE', 'default')}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        raise RefusedError(_error_text(error), error.code) from error
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"Assay does not respond at {root}, so the kernel was not started. Try again in a moment.", 503
        ) from error
    return found


def _error_text(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read())
        return f"{problem['detail']} {problem['hint']}".strip()
    except (ValueError, KeyError, TypeError):
        return f"Assay responded with status {error.code}, so the kernel was not started."


def _deprecated(one: dict[str, Any]) -> str:
    """Return what the list of kernels says of a deprecated environment."""
    if one.get("status") != "deprecated":
        return ""
    return f", deprecated: use {one['successor']}" if one.get("successor") else ", deprecated"


class AssayKernels(KernelSpecManager):  # type: ignore[misc]  # its base has no types
    """Lists Jupyter's own kernels, and one for each environment that may be launched."""

    _cached: tuple[float, dict[str, dict[str, Any]]] = (-CACHE_SECONDS, {})

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the resource directories of all kernels, by name."""
        return {**super().find_kernel_specs(), **dict.fromkeys(self._assay_kernels(), "")}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return a kernel's spec. Raises NoSuchKernel."""
        one = self._assay_kernels().get(kernel_name)
        if one is None:
            return super().get_kernel_spec(kernel_name)
        config = {"environment": one["starts"]}
        return KernelSpec(
            argv=["assay", "{connection_file}"],  # Assay returns the real command at each start
            display_name=f"{one['title']} ({one['environment']}{_deprecated(one)})",
            language="python",
            interrupt_mode="signal",
            metadata={"debugger": True, "kernel_provisioner": {"provisioner_name": "assay", "config": config}},
        )

    def _assay_kernels(self) -> dict[str, dict[str, Any]]:
        """Return the launchable environments by kernel name; the last known ones while Assay does not respond."""
        at, known = self._cached
        if time.monotonic() - at > CACHE_SECONDS:
            try:
                known = {PREFIX + one["name"]: one for one in call("GET", "/kernels")["items"]}
            except RefusedError as refused:
                self.log.warning("Cannot list Assay's kernels: %s", refused)
            self._cached = (time.monotonic(), known)
        return known


class AssayProvisioner(LocalProvisioner):  # type: ignore[misc]  # its base has no types
    """A provisioner that starts a kernel in an approved environment on this machine, if Assay allows it."""

    environment = Unicode(config=True, help="name, or name@number")
    _kernel_id = ""

    async def pre_launch(self, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - as its base
        """Get the command from Assay and prepare the start. Raises RefusedError."""
        await self._end_use()
        answer = await asyncio.to_thread(call, "POST", "/kernels", {"environment": self.environment})
        self._kernel_id = answer["id"]
        prefix = answer["prefix"]
        if not os.access(answer["kernel"]["argv"][0], os.X_OK):
            await self._end_use()
            raise RefusedError(
                f"{answer['environment']} is in {prefix}, which does not exist on this machine. Mount it there."
            )
        self.kernel_spec.argv = answer["kernel"]["argv"]
        self.kernel_spec.env = {
            "PYTHONPATH": "",
            **answer["kernel"]["env"],
            "PATH": f"{answer['path']}:{os.environ.get('PATH', '/usr/local/bin:/usr/bin:/bin')}",
            "PYTHONNOUSERSITE": "1",
            "PYTHONHOME": "",
        }
        if answer["notice"]:
            self.log.warning(answer["notice"])
        prepared: dict[str, Any] = await super().pre_launch(**settings)
        prepared["env"].pop("ASSAY_TOKEN", None)  # the kernel's code must not get it
        return prepared

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - as its base
        """Report the end of the kernel to Assay."""
        await super().cleanup(restart=restart)
        await self._end_use()

    async def _end_use(self) -> None:
        kernel, self._kernel_id = self._kernel_id, ""
        if kernel:
            with suppress(RefusedError):
                await asyncio.to_thread(call, "DELETE", f"/kernels/{kernel}")
