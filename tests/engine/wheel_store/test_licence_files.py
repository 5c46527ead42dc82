"""The licence of a wheel, by its metadata and its licence files, in the report of a build."""

from __future__ import annotations

from support.bench import Bench
from support.index import LocalIndex
from support.licences import APACHE, BSD_2, BSD_3, EITHER, MIT

BSD = "Classifier: License :: OSI Approved :: BSD License"
APACHE_OR_BSD = f"{BSD}\nClassifier: License :: OSI Approved :: Apache Software License"
FIELD = "License: " + "\n        ".join(BSD_3.splitlines())
CASES: dict[str, tuple[str, dict[str, str], str]] = {
    "expression": ("License-Expression: MIT OR Apache-2.0", {"LICENSE": BSD_3}, "MIT OR Apache-2.0"),
    "classifier": ("Classifier: License :: OSI Approved :: MIT License", {}, "MIT"),
    "field": (f"License: BSD-3-Clause\n{BSD}", {}, "BSD-3-Clause"),
    "field-text": (f"{FIELD}\n{BSD}", {"LICENSE": BSD_3 + MIT}, "BSD-3-Clause"),
    "file": (BSD, {"licenses/LICENSE.txt": BSD_2}, "BSD-2-Clause"),
    "old-file": (BSD, {"COPYING": BSD_3}, "BSD-3-Clause"),
    "file-only": ("License: UNKNOWN", {"LICENSE": MIT}, "MIT"),
    "bundling": (
        BSD,
        {"LICENSE": BSD_3, "licenses/vendor/x/LICENSE": MIT, "LICENSE.third-party": MIT},
        "BSD-3-Clause",
    ),
    "choice": (
        APACHE_OR_BSD,
        {"LICENSE": EITHER, "LICENSE.APACHE": APACHE, "LICENSE.BSD": BSD_2},
        "Apache-2.0 OR BSD-2-Clause",
    ),
    "dual": (
        f"{APACHE_OR_BSD}\n\nIt is dual-licensed.",
        {"LICENSE.APACHE": APACHE, "LICENSE.BSD": BSD_2},
        "Apache-2.0 OR BSD-2-Clause",
    ),
    "family": (BSD, {}, "LicenseRef-BSD"),
    "several": (BSD, {"LICENSE": BSD_3, "COPYING": MIT}, "LicenseRef-BSD"),
    "collection": (BSD, {"LICENSE": f"{BSD_3}\nThis wheel bundles:\n{MIT}"}, "LicenseRef-BSD"),
    "large": (BSD, {"LICENSE": BSD_3 + "\n" * 50_000}, "LicenseRef-BSD"),
    "contradiction": (BSD, {"LICENSE": MIT}, "LicenseRef-BSD"),
    "both": (APACHE_OR_BSD, {"LICENSE.APACHE": APACHE, "LICENSE.BSD": BSD_2}, ""),
    "nothing": ("Keywords: none", {}, ""),
}


def test_a_report_has_the_licence_of_each_library(bench: Bench, index: LocalIndex) -> None:
    """Exact by expression, classifier, field or text; else the family, or unknown. Never a licence of a part."""
    for name, (metadata, files, _) in CASES.items():
        folder = f"{name.replace('-', '_')}-1.0.dist-info"
        index.add(name, licence=metadata, files={f"{folder}/{path}": text for path, text in files.items()})
    outcome, log = bench.build(*CASES)
    assert outcome.report is not None, log
    found = {one["name"]: one["licence"] for one in outcome.report["libraries"] if one["name"] in CASES}
    assert found == {name: expected for name, (_, _, expected) in CASES.items()}
