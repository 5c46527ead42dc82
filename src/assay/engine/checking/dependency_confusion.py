"""Dependency confusion: names that exist on two package indexes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from assay.core.lock import Lock
from assay.core.report import Check
from assay.engine.interface import Job
from assay.engine.resolving.index_routing import index_of

PARALLEL = 8


def dependency_confusion(lock: Lock, job: Job) -> Check:
    """Look up on the default index every name that another index owns. The lock always uses the owner's files."""
    request = job.request
    owned = [one.name for one in lock.libraries if index_of(one.name, request) is not request.index]
    if not owned:
        return Check(name="dependency confusion", state="passed", detail="none")
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - most installations have one index

    from assay.engine.fetching.network import Network  # noqa: PLC0415 - the same

    network = Network((request.index, *request.other_indexes), job.credentials)

    def exists(name: str) -> bool:
        response = network.open(f"{request.index.url}/{name}/", {"Accept": "application/vnd.pypi.simple.v1+json"})
        response.close()
        return response.status == 200  # noqa: PLR2004 - OK

    try:
        with ThreadPoolExecutor(PARALLEL) as pool:
            also_on_default = [name for name, found in zip(owned, pool.map(exists, owned), strict=True) if found]
    except HTTPError as error:
        return Check(name="dependency confusion", state="skipped", detail=f"not assessed: {error}")
    if not also_on_default:
        return Check(name="dependency confusion", state="passed", detail="none")
    detail = f"{len(also_on_default)} also on the default index, which was not used: {', '.join(also_on_default)}"
    return Check(name="dependency confusion", state="noted", detail=detail)
