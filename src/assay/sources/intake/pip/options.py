"""The options of pip and uv in files and commands: which take a value, and what becomes of each."""

from __future__ import annotations

import re
from collections.abc import Iterator

FROM_INDEXES = "is an option: libraries come from the workspace's package indexes"
OWN_INDEX = "is a package index of the project; libraries come from the workspace's package indexes"
VERIFIED = "is an option: every file is verified by its hash anyway"
BUILDS = "is an option that the editor sets: whether libraries may be built from their source"
FINAL = "is an option: a pre-release is used where a requirement names one, such as ==2.0rc1"
NO_MEANING = "is an option that has no meaning here"

INDEX = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index", "--trusted-host", "--proxy"}
    | {"--index", "--default-index", "--cert", "--client-cert", "--index-strategy", "--torch-backend", "--pypi-url"}
)
REASONS = {
    **dict.fromkeys(INDEX, FROM_INDEXES),
    **dict.fromkeys(("--hash", "--require-hashes"), VERIFIED),
    **dict.fromkeys(("--only-binary", "--no-binary", "--prefer-binary", "--no-build", "--only-build"), BUILDS),
    **dict.fromkeys(("--pre", "--prerelease"), FINAL),
}
FLAGS = frozenset({"--no-index", "--require-hashes", "--prefer-binary", "--no-build", "--pre"})
# Options of `pip install` and `uv pip install` whose value is the next word.
WITH_VALUE = frozenset(
    (set(REASONS) - FLAGS)
    | {"-t", "--target", "--prefix", "--root", "--src", "-b", "--build", "--cache-dir", "--timeout", "--retries"}
    | {"--log", "--python", "-p", "--platform", "--python-version", "--implementation", "--abi", "--progress-bar"}
    | {"--upgrade-strategy", "--exists-action", "--use-feature", "--use-deprecated", "--global-option", "-d"}
    | {"--config-settings", "--config-setting", "-C", "--install-option", "--root-user-action", "--report", "--dest"}
    | {"--keyring-provider", "--resolution", "--exclude-newer", "--link-mode", "--refresh-package", "-P", "-w"}
    | {"--upgrade-package", "--reinstall-package", "--python-platform", "--extra", "--optional", "--wheel-dir"}
    | {"--package", "--directory", "--project", "--no-build-package", "--no-binary-package", "--source", "--tag"}
)


def option_reason(line: str) -> str:
    """Return what became of the option that a line begins with."""
    name = line.replace("=", " ", 1).split()[0] if line.strip() else ""
    if not name.startswith("--") and name[:2] in REASONS:  # `-ihttps://…`
        name = name[:2]
    return REASONS.get(name, NO_MEANING)


def is_long_or_index(name: str) -> bool:
    """Return whether an option of a command changes what is installed, and so is worth a line."""
    return name in REASONS


def split_option(word: str) -> tuple[str, str | None]:
    """Return the name of an option and its value, None where the value is another word."""
    while re.match(r"-[qvUI]\w", word):  # `-qr` is `-q -r`
        word = f"-{word[2:]}"
    name, equals, value = word.partition("=")
    if not word.startswith("--") and word[:2] in WITH_VALUE | {"-r", "-c", "-e"} and len(word) > 2:  # noqa: PLR2004 - `-rfile`
        return word[:2], word[2:].removeprefix("=")
    return name, value if equals else None


def words_of(names: str) -> Iterator[str]:
    """Yield the words of a value that lists several, separated by commas."""
    yield from (one.strip() for one in names.split(",") if one.strip())
