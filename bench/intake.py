"""Benchmark of importing files with 1,000 lines."""

from __future__ import annotations

from report import median, print_figure

from assay.core.intake.combine import GivenFile, combine
from assay.core.intake.intent import reduced, roots
from assay.engine.resolving.compatibility import marker_variables
from assay.sources.intake.kinds import read

LINES = 1000
LIMIT = 0.2  # seconds


def _requirements() -> str:
    return "".join(
        f'library-{number}[extra]==1.{number} ; python_version >= "3.8" \\\n    --hash=sha256:{number:064x}\n'
        for number in range(LINES)
    )


def _conda() -> str:
    half = LINES // 2
    native = "".join(f"  - native-{number}=1.{number}=h{number:07x}_0\n" for number in range(half))
    return f"channels: [conda-forge]\ndependencies:\n{native}  - pip:\n" + "".join(
        f"    - library-{number}==1.{number}\n" for number in range(half)
    )


def _uv() -> str:
    head = 'version = 1\nrequires-python = ">=3.11"\n'
    return head + "".join(
        f'\n[[package]]\nname = "library-{number}"\nversion = "1.{number}"\n'
        'source = { registry = "https://index.example/simple" }\n'
        f'dependencies = [\n    {{ name = "library-{(number + 1) % LINES}" }},\n]\n'
        f'wheels = [\n    {{ url = "https://index.example/{number}.whl", hash = "sha256:{number:064x}" }},\n]\n'
        for number in range(LINES)
    )


def intake() -> None:
    """Measure reading, combining and reducing."""
    pythons = [marker_variables(one) for one in ("3.11", "3.13")]
    for name, text in (("requirements.txt", _requirements()), ("environment.yml", _conda()), ("uv.lock", _uv())):
        data = text.encode()

        def run(name: str = name, data: bytes = data) -> None:
            document = read(data, name)
            found = combine([GivenFile(name=name, document=document)], pythons)
            names = [row.name for row in found.files[0].taken]
            reduced(found.libraries, roots(names, document.requires))

        took = median(run, 5)
        shown = f"{took * 1000:.0f} ms"
        print_figure(
            f"import of {name}, {LINES:,} libraries: median", shown, f"limit {LIMIT * 1000:.0f} ms", took <= LIMIT
        )
