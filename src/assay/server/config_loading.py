"""Load the settings: the origin of each, one error that lists all wrong ones, warnings for unknown names."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assay.core.errors import SettingsError
from assay.server.config import Config, Secret, Wants, config_file, has_config_file, noted, variables
from assay.server.config_text import as_text

MAX_SHOWN = 80  # characters of a wrong value that an error repeats
# Variables of the command line, of Studio's processes and of tests, which are not settings of the server.
NOT_SETTINGS = {"ASSAY_CONFIG", "ASSAY_TOKEN", "ASSAY_WORKSPACE", "ASSAY_WARNED", "ASSAY_CHROMIUM"}
TESTS = "ASSAY_TEST_"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One setting as `assay config show` prints it."""

    name: str
    value: str
    origin: str
    meaning: str


def load() -> Config:
    """Return the settings. Raises SettingsError, which names every wrong setting."""
    _check_file()
    try:
        return Config()
    except ValidationError as error:
        # A default derived from a wrong setting is not reported as well.
        found = [one for one in error.errors() if one["type"] != "default_factory_not_called"]
        raise _error([_problem(str(one["loc"][0]), one["type"], one["input"]) for one in found]) from None


def make_home(config: Config) -> Path:
    """Create the directory of the installation and return it. Raises SettingsError."""
    try:
        config.home.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise _error([_problem("ASSAY_HOME", "", config.home)]) from None
    return config.home


def show(config: Config) -> list[Shown]:
    """Return all settings with passwords masked."""
    in_file = _in_file()
    return [
        Shown(
            name=variables(name)[0],
            value=_masked(name, as_text(getattr(config, name))),
            origin=_origin(name, in_file),
            meaning=(field.description or "").replace("`", ""),
        )
        for name, field in Config.model_fields.items()
    ]


def warnings() -> list[str]:
    """Return a line for each ASSAY_ variable that is unknown or has a newer name."""
    renamed = {old: names[0] for name in Config.model_fields if (names := variables(name)) for old in names[1:]}
    known = {one for name in Config.model_fields for one in variables(name)} | NOT_SETTINGS
    lines = [f"{old} is now called {new}. Rename it." for old, new in renamed.items() if os.environ.get(old)]
    unknown = sorted(name for name in os.environ if name.startswith("ASSAY_") and name not in known)
    offered = known - renamed.keys()
    return lines + [
        f"{name} is not a setting and is ignored.{_nearest(name, offered)}"
        for name in unknown
        if not name.startswith(TESTS)
    ]


def _check_file() -> None:
    path, named = config_file(), os.environ.get("ASSAY_CONFIG")
    if not named and not has_config_file():
        return
    try:
        _in_file()
    except OSError:
        where = "ASSAY_CONFIG in the environment" if named else "assay.toml"
        expected = "expected a readable TOML file, for example /etc/assay/assay.toml"
        raise _error([f"{where}: found {str(path)!r}; {expected}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _error([f"{path}: is not valid TOML: {error}; expected lines such as port = 8010"]) from None


def _in_file() -> dict[str, Any]:
    path = config_file()
    return tomllib.loads(path.read_text()) if os.environ.get("ASSAY_CONFIG") or has_config_file() else {}


def _error(lines: list[str]) -> SettingsError:
    amount = "1 setting is wrong." if len(lines) == 1 else f"{len(lines)} settings are wrong."
    return SettingsError(amount, hint="\n  ".join(lines))


def _problem(location: str, kind: str, value: object) -> str:
    name = location.removeprefix("ASSAY_").lower()
    if kind == "extra_forbidden":
        return f"{location} in {_line(location)}: is not a setting.{_nearest(location, set(Config.model_fields))}"
    given = next((one for one in variables(name) if os.environ.get(one)), "")
    where = f"{given} in the environment" if given else f"{name} in {_line(name)}"
    if not given and name not in _in_file():
        where = f"{variables(name)[0]} by default"
    wanted, example = noted(name, Wants), (Config.model_fields[name].examples or [""])[0]
    found = _masked(name, as_text(value))[:MAX_SHOWN]
    return f"{where}: found {found!r}; expected {wanted.text if wanted else 'another value'}, for example {example}"


def _origin(name: str, in_file: dict[str, Any]) -> str:
    if any(os.environ.get(one) for one in variables(name)):
        return "environment"
    return "assay.toml" if name in in_file else "default"


def _masked(name: str, value: str) -> str:
    """Mask what precedes the host and follows `?` in an address; mask a value that is not an address."""
    if not value or not noted(name, Secret):
        return value
    if "://" not in value:
        return "***" if re.search(r"[@:?]", value) else value
    return re.sub(r"\?.*", "?***", re.sub(r"://.*@", "://***@", value))


def _line(key: str) -> str:
    """Return file and line of a key, which TOML's reader does not report."""
    path = config_file()
    start = re.compile(rf"""\s*(?:\[+\s*)?["']?{re.escape(key)}["']?\s*[\].=]""")
    found = (number for number, line in enumerate(path.read_text().splitlines(), 1) if start.match(line))
    return f"{path} line {next(found, 1)}"


def _nearest(name: str, known: set[str]) -> str:
    bare = name.removeprefix("ASSAY_")
    near = [bare] if bare != name and bare in known else difflib.get_close_matches(name, sorted(known), 1)
    return f" Did you mean {near[0]}?" if near else ""
