"""Names that exist on two sources: whoever reads the report should know (dependency confusion)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from assay.core.lock import Lock
from assay.core.report import Check
from assay.engine.interface import Job
from assay.engine.resolving.index_routing import index_of

AT_ONCE = 8


def dependency_confusion(lock: Lock, job: Job) -> Check:
    """Ask the default source for every name that another one serves. That one was used in any case."""
    request = job.request
    owned = [one.name for one in lock.libraries if index_of(one.name, request) is not request.index]
    if not owned:
        return Check(name="dependency confusion", state="passed", detail="none")
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - most installations have one source

    from assay.engine.fetching.network import Network  # noqa: PLC0415 - the same

    network = Network((request.index, *request.other_indexes), job.credentials)

    def exists(name: str) -> bool:
        answer = network.open(f"{request.index.url}/{name}/", {"Accept": "application/vnd.pypi.simple.v1+json"})
        answer.close()
        return answer.status == 200  # noqa: PLR2004 - OK

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            twice = [name for name, there in zip(owned, pool.map(exists, owned), strict=True) if there]
    except HTTPError as error:
        return Check(name="dependency confusion", state="skipped", detail=f"not assessed: {error}")
    told = (
        "none" if not twice else f"{len(twice)} also on the default source, which was not asked: {', '.join(twice)}"
    )
    return Check(name="dependency confusion", state="noted" if twice else "passed", detail=told)
