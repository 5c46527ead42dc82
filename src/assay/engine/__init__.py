"""The engine: builds an environment from a request, in stages, in its own process.

1. `build.py` reads `job.json`, runs the stages and writes `outcome.json`; `pipeline.py` has their order.
2. `engines.py` chooses the engine that the request names; today there is one, `uv_engine.py`.
3. `resolving/`: request to lock. `sdists/` builds a wheel if an index has only a source distribution.
4. `leases.py`: from here on, garbage collection keeps what the lock needs.
5. `fetching/`: lock to downloaded files, each verified against its hash.
6. `wheel_store/`: files to unpacked wheels, stored once and shared by all environments.
7. `installing/`: stored wheels to a directory of hard links; later `integrity.py` verifies its files.
8. `checking/`: directory to report. `sandbox/` confines package code, `kernels/` starts a notebook kernel.
9. `installing/seal.py`: the directory becomes read-only and appears under the digest of its lock.
10. `interface.py` defines job, outcome and the protocol of an engine; see docs/decisions/0014.
"""
