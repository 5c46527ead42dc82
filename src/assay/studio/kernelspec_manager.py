"""For a Jupyter of one's own: the workspace's environments as kernels, each start asked of Assay again.

`assay jupyter install` puts this file, as `assay_kernels`, beside Jupyter: standard library, tornado and
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

MARK = "assay-"  # begins the names of our kernels
KEPT = 10.0  # seconds that a list is not asked for again
SECONDS = 10  # for an answer


class RefusedError(HTTPError):  # type: ignore[misc]  # its base has no types
    """Assay said no, or nothing; the words are for the person, and Jupyter shows them."""

    def __init__(self, words: str, status: int = 403) -> None:
        super().__init__(status, words.replace("%", "%%"), reason="Refused by Assay")
        self.words = words

    def __str__(self) -> str:
        return self.words


def call(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Ask Assay. Raises RefusedError with its words, also when it does not answer."""
    token = os.environ.get("ASSAY_TOKEN", "")
    if not token:
        raise RefusedError("ASSAY_TOKEN is not set. Make a token on your account page and export it.")
    root = os.environ.get("ASSAY_URL", "http://127.0.0.1:8000").rstrip("/")
    request = urllib.request.Request(  # noqa: S310 - the address is the user's own setting
        f"{root}/api/v1/workspaces/{os.environ.get('ASSAY_WORKSPACE', 'default')}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        raise RefusedError(_words(error), error.code) from error
    except (OSError, ValueError) as error:
        raise RefusedError(f"Assay does not answer at {root}, so nothing is started. Try again soon.", 503) from error
    return found


def _words(error: urllib.error.HTTPError) -> str:
    try:
        problem = json.loads(error.read())
        return f"{problem['detail']} {problem['hint']}".strip()
    except (ValueError, KeyError, TypeError):
        return f"Assay answered {error.code}, so nothing is started."


class AssayKernels(KernelSpecManager):  # type: ignore[misc]  # its base has no types
    """Jupyter's own kernels, and one for each environment that may be launched."""

    _listed: tuple[float, dict[str, dict[str, Any]]] = (-KEPT, {})

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the resource directories of all kernels by name."""
        return {**super().find_kernel_specs(), **dict.fromkeys(self._ours(), "")}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return a kernel's spec. Raises NoSuchKernel."""
        one = self._ours().get(kernel_name)
        if one is None:
            return super().get_kernel_spec(kernel_name)
        config = {"environment": one["starts"]}
        return KernelSpec(
            argv=["assay", "{connection_file}"],  # what really runs, Assay says at each start
            display_name=f"{one['title']} ({one['environment']})",
            language="python",
            interrupt_mode="signal",
            metadata={"debugger": True, "kernel_provisioner": {"provisioner_name": "assay", "config": config}},
        )

    def _ours(self) -> dict[str, dict[str, Any]]:
        """Return what may be launched by kernel name; while Assay is away, what it said last."""
        at, known = self._listed
        if time.monotonic() - at > KEPT:
            try:
                known = {MARK + one["name"]: one for one in call("GET", "/kernels")["items"]}
            except RefusedError as refused:
                self.log.warning("No kernels of Assay are added: %s", refused)
            self._listed = (time.monotonic(), known)
        return known


class AssayProvisioner(LocalProvisioner):  # type: ignore[misc]  # its base has no types
    """Starts a kernel in an approved environment, on this machine, when Assay says yes."""

    environment = Unicode(config=True, help="name, or name@number")
    _use = ""

    async def pre_launch(self, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - as its base
        """Ask Assay, and start what it answers. Raises RefusedError."""
        await self._leave()
        answer = await asyncio.to_thread(call, "POST", "/kernels", {"environment": self.environment})
        self._use = answer["id"]
        prefix = answer["prefix"]
        if not os.access(answer["kernel"]["argv"][0], os.X_OK):
            await self._leave()
            raise RefusedError(
                f"{answer['environment']} lies in {prefix}, which this machine does not have. Mount it there."
            )
        self.kernel_spec.argv = answer["kernel"]["argv"]
        self.kernel_spec.env = {
            **answer["kernel"]["env"],
            "PATH": f"{answer['path']}:{os.environ.get('PATH', '/usr/local/bin:/usr/bin:/bin')}",
            "PYTHONNOUSERSITE": "1",
            "PYTHONPATH": "",
            "PYTHONHOME": "",
        }
        if answer["notice"]:
            self.log.warning(answer["notice"])
        prepared: dict[str, Any] = await super().pre_launch(**settings)
        prepared["env"].pop("ASSAY_TOKEN", None)  # the kernel's code has no business with it
        return prepared

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002 - as its base
        """Tell Assay that the use has ended."""
        await super().cleanup(restart=restart)
        await self._leave()

    async def _leave(self) -> None:
        use, self._use = self._use, ""
        if use:
            with suppress(RefusedError):
                await asyncio.to_thread(call, "DELETE", f"/kernels/{use}")
