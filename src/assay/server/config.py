"""Settings of an installation: one typed field each, from the environment, else `assay.toml`, else the default."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, AliasChoices, AliasGenerator, BeforeValidator, Field, ValidationInfo
from pydantic import field_validator as check
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import TomlConfigSettingsSource as TomlSource

from assay.core.errors import InvalidInputError
from assay.core.prices import HourPrice, read_hour_prices, unknown_names
from assay.core.sizes import Size, read_sizes

Note = TypeVar("Note")
LAST_PORT = 65535
PORTS_USED = 5  # PORT and the four after it, unless they are set otherwise


@dataclass(frozen=True)
class Wants:
    """The accepted values of a setting, for its error and the settings page."""

    text: str


@dataclass(frozen=True)
class Derived:
    """How a default is derived from other settings, for the settings page."""

    text: str


@dataclass(frozen=True)
class Secret:
    """Marks a setting that may contain a password, which is masked."""


def _split(value: str, schemes: tuple[str, ...]) -> SplitResult:
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError where it is no number
    if parts.scheme not in schemes or not value.startswith(f"{parts.scheme}://"):
        raise ValueError("another scheme")
    return parts


def _web_address(value: str) -> str:
    if not _split(value, ("http", "https")).hostname:
        raise ValueError("no host")
    return value


def _python_mirror(value: str) -> str:
    if value.startswith(("/", "file:///")) or not value:
        return value
    return _web_address(value).rstrip("/")


def _database(value: str) -> str:
    parts = _split(value, ("postgresql", "postgres")) if value else None
    if parts and (parts.query or not parts.path.strip("/")):
        raise ValueError("options, or no name")
    return value


def _mail_server(value: str) -> str:
    if value and not _split(value, ("smtp", "smtps")).hostname:
        raise ValueError("no host")
    return value


def _mail_address(value: str) -> str:
    if "@" not in value:
        raise ValueError("no @")
    return value


def _folder(value: Path) -> Path:
    try:
        found = value.resolve()
        existing = next(one for one in (found, *found.parents) if one.exists())
        writable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    except (OSError, RuntimeError) as error:  # no permission, a name too long, links in a circle
        raise ValueError("no directory that can be reached") from error
    if not writable:
        raise ValueError("no directory that can be written")
    return found


def _line(value: object) -> object:
    """Return a TOML list in the form of an environment variable: items separated by spaces."""
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _words(value: object) -> object:
    found = _line(value)
    return tuple(found.split()) if isinstance(found, str) else found


def _sizes(value: object) -> object:
    found = _line(value)
    try:
        return read_sizes(found) if isinstance(found, str) else found
    except InvalidInputError as error:
        raise ValueError(error.detail) from error


def _prices(value: object) -> object:
    found = _line(value)
    try:
        return read_hour_prices(found) if isinstance(found, str) else found
    except InvalidInputError as error:
        raise ValueError(error.detail) from error


def _currency(value: str) -> str:
    if not re.fullmatch(r"[^\s\d]{1,8}", value):
        raise ValueError("no currency")
    return value


def _host(address: str) -> str:
    return urlsplit(address).hostname or "localhost"


Port = Annotated[int, Field(ge=1, le=LAST_PORT), Wants(f"a port from 1 to {LAST_PORT} that no other setting uses")]
FirstPort = Annotated[
    int, Field(ge=1, le=LAST_PORT - PORTS_USED + 1), Wants(f"a port from 1 to {LAST_PORT - PORTS_USED + 1}")
]
WebAddress = Annotated[
    str, AfterValidator(_web_address), Secret(), Wants("an address that begins with http:// or https://")
]
Origin = Annotated[WebAddress, AfterValidator(lambda value: value.rstrip("/"))]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False), Wants("a number, 0 or more")]
Duration = Annotated[float, Field(ge=0, allow_inf_nan=False), Wants("a number, 0 or more")]


class Config(BaseSettings):
    """All settings. The order is that of the settings page; a default may use the settings above it."""

    model_config = SettingsConfigDict(
        alias_generator=AliasGenerator(validation_alias=lambda name: f"ASSAY_{name.upper()}"),
        case_sensitive=True,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_by_name=True,
    )

    home: Annotated[Path, AfterValidator(_folder), Wants("a directory that exists or can be made")] = Field(
        default_factory=lambda: Path("var").resolve(),
        description="Data directory.",
        examples=["/srv/assay"],
        json_schema_extra={"default": "var"},
    )
    port: FirstPort = Field(
        default=8000,
        validation_alias="PORT",
        description="Port of the pages, on loopback. The four ports after it are used too.",
        examples=["8010"],
    )
    hub_port: Annotated[Port, Derived("PORT + 1")] = Field(
        default_factory=lambda known: known["port"] + 1,
        description="Port of the Hub, on loopback. The two ports after it are used too.",
        examples=["8011"],
    )
    apps_port: Annotated[Port, Derived("PORT + 4")] = Field(
        default_factory=lambda known: known["port"] + 4,
        description="Port at which apps are reached, on loopback.",
        examples=["8014"],
    )
    url: Annotated[Origin, Derived("http://127.0.0.1:PORT")] = Field(
        default_factory=lambda known: f"http://127.0.0.1:{known['port']}",
        description="Address that people use.",
        examples=["https://assay.example"],
    )
    hub_url: Annotated[Origin, Derived("http://localhost:HUB_PORT")] = Field(
        default_factory=lambda known: f"http://localhost:{known['hub_port']}",
        description="Address of the Hub. It needs a host name of its own, so that no cookie is shared.",
        examples=["https://hub.example"],
    )
    frame_url: Annotated[Origin, Derived("http://localhost:PORT")] = Field(
        default_factory=lambda known: f"http://localhost:{known['port']}",
        description="Address of the pages at another host name, for output of people's notebooks.",
        examples=["https://frames.example"],
    )
    apps_url: Annotated[Origin, Derived("http://apps.localhost:APPS_PORT")] = Field(
        default_factory=lambda known: f"http://apps.localhost:{known['apps_port']}",
        description="Address of the apps. Each app has a host name below it.",
        examples=["https://apps.example"],
    )
    secure: Annotated[bool, Wants("1 or 0")] = Field(
        default=False,
        description="Set it to 1 behind TLS: cookies are secure and have the `__Host-` prefix.",
        examples=["1"],
    )
    web_processes: Annotated[int, Field(ge=0, le=64), Wants("a whole number from 0 to 64")] = Field(
        default=0,
        description="Number of processes that serve pages and API; 0 is one per processor core.",
        examples=["4"],
    )
    database: Annotated[
        str,
        AfterValidator(_database),
        Secret(),
        Wants("a PostgreSQL address without options (libpq reads PGSSLMODE and its like)"),
    ] = Field(
        default="",
        description="PostgreSQL database. Without it, SQLite in `ASSAY_HOME` is used.",
        examples=["postgresql://user:password@host/name"],
    )
    index: WebAddress = Field(
        default="https://pypi.org/simple",
        description="Package index of the installation.",
        examples=["https://packages.example/simple"],
    )
    python_mirror: Annotated[
        str, AfterValidator(_python_mirror), Secret(), Wants("an address or an absolute path")
    ] = Field(
        default="",
        description="Where Pythons are installed from: the address of a mirror with the releases of "
        "python-build-standalone, or a folder with their archives or with unpacked installations. Empty: their own "
        "address.",
        examples=["https://mirror.example/python-build-standalone", "/srv/pythons"],
    )
    advisories: Annotated[str, Secret(), Wants("a path, an address, or `off`")] = Field(
        default="https://storage.googleapis.com/osv-vulnerabilities/PyPI/all.zip",
        description="Path or address of an OSV `all.zip`. The worker loads it once a day. `off`: it loads none.",
        examples=["/srv/osv/all.zip", "off"],
    )
    most_used_names: Annotated[str, Wants("a path")] = Field(
        default="",
        description="Path of a list of widely used library names, one per line, the most used first. New names that "
        "resemble one of them become findings. Empty: the list that Assay contains.",
        examples=["/srv/assay/most-used-names.txt"],
    )
    names_hours: Duration = Field(
        default=24.0,
        description="Hours between two refreshes of the names of the package indexes, which the search for libraries "
        "uses; 0 for only when an administrator asks. `assay up --demo` sets the variable to 0 if it is not set.",
        examples=["12"],
    )
    git_allow: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_words), Wants("beginnings of addresses, separated by spaces")
    ] = Field(
        default=(),
        description="Beginnings of repository addresses that may be private ones or files.",
        examples=["https://git.example/ file:///srv/git/"],
    )
    maintenance_hours: Duration = Field(
        default=24.0,
        validation_alias=AliasChoices("ASSAY_MAINTENANCE_HOURS", "ASSAY_UPKEEP_HOURS"),
        description="Hours between two checks of all files and removals of unused ones; 0 for never.",
        examples=["12"],
    )
    sdist_minutes: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False), Wants("a number above 0, at most 60")
    ] = Field(
        default=30.0,
        description="Minutes after which a build from source is ended.",
        examples=["10"],
    )
    sdist_memory: Annotated[float, Field(gt=0, allow_inf_nan=False), Wants("a number above 0")] = Field(
        default=12.0,
        description="Gigabytes of memory (GiB) that a build from source may use.",
        examples=["4"],
    )
    studio: Annotated[Path | None, Wants("the path of a Python prefix")] = Field(
        default=None,
        description="Python prefix in which the Hub and the notebook servers are installed. Unless you name one, "
        "`assay up` makes it; in a clone, make does, as `.venv-studio`.",
        examples=["/opt/assay-studio"],
        json_schema_extra={"default": "ASSAY_HOME/studio/…"},
    )
    sizes: Annotated[
        tuple[Size, ...],
        NoDecode,
        BeforeValidator(_sizes),
        Wants("NAME=MEMORY/PROCESSORS, each name once"),
    ] = Field(
        default_factory=lambda: read_sizes("medium=4G/2 small=2G/1 large=16G/4"),
        description="Sizes of Studio servers. The first is the default.",
        examples=["small=2G/1 large=16G/4"],
        json_schema_extra={"default": "medium=4G/2 small=2G/1 large=16G/4"},
    )
    size_prices: Annotated[
        tuple[HourPrice, ...],
        NoDecode,
        BeforeValidator(_prices),
        Wants("NAME=PRICE, where each NAME is a size, `run` or `app`"),
    ] = Field(
        default=(),
        description="Price of an hour of each size of Studio servers, and of `run` and `app`, which have no size. "
        "Without prices, the usage page shows no costs.",
        examples=["small=0.05 large=0.40 run=0.02"],
        json_schema_extra={"default": ""},
    )
    storage_price: Price = Field(
        default=0.0, description="Price of a gigabyte of disk space for a month.", examples=["0.10"]
    )
    currency: Annotated[
        str, AfterValidator(_currency), Wants("one to eight characters without spaces and digits")
    ] = Field(default="EUR", description="Currency of the prices.", examples=["USD"])
    log_format: Annotated[Literal["line", "json"], Wants("line or json")] = Field(
        default="line",
        description="Form of the log: lines of text, or one JSON object per line, with the IDs of request, build and "
        "run.",
        examples=["json"],
    )
    idle_minutes: Duration = Field(
        default=240.0,
        description="Minutes after which an unused Studio server is stopped; 0 for never.",
        examples=["60"],
    )
    prepared_servers: Annotated[int, Field(ge=0, le=16), Wants("a whole number from 0 to 16")] = Field(
        default=1, description="Studio servers prepared before somebody starts one; 0 for none.", examples=["0"]
    )
    smtp: Annotated[
        str, AfterValidator(_mail_server), Secret(), Wants("an address that begins with smtp:// or smtps://")
    ] = Field(
        default="",
        description="Mail server. Without it, nothing is mailed.",
        examples=["smtp://user:password@host:587", "smtps://user:password@host:465"],
    )
    mail_from: Annotated[
        str, AfterValidator(_mail_address), Wants("a mail address"), Derived("assay@HOST of ASSAY_URL")
    ] = Field(
        default_factory=lambda known: f"assay@{_host(known['url'])}",
        description="Sender of mails.",
        examples=["assay@example.org"],
    )

    @check("hub_port", "apps_port")
    @classmethod
    def _is_free(cls, value: int, info: ValidationInfo) -> int:
        if value in {info.data.get("port"), info.data.get("hub_port")}:
            raise ValueError("used twice")
        return value

    @check("size_prices")
    @classmethod
    def _names_are_sizes(cls, value: tuple[HourPrice, ...], info: ValidationInfo) -> tuple[HourPrice, ...]:
        if unknown_names(value, [one.name for one in info.data.get("sizes", ())]):
            raise ValueError("not a size")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment, then `assay.toml`."""
        del init_settings, dotenv_settings, file_secret_settings
        return env_settings, TomlSource(settings_cls, toml_file=config_file() if has_config_file() else None)


def config_file() -> Path:
    """Return the path of `assay.toml`: ASSAY_CONFIG, else in ASSAY_HOME. It may be missing."""
    named = os.environ.get("ASSAY_CONFIG")
    return Path(named) if named else Path(os.environ.get("ASSAY_HOME") or "var") / "assay.toml"


def has_config_file() -> bool:
    """Return whether `assay.toml` exists and can be reached."""
    return os.path.exists(config_file())  # noqa: PTH110 - pathlib raises without permission


def variables(name: str) -> tuple[str, ...]:
    """Return the environment variables of a setting: its name and earlier names."""
    alias = Config.model_fields[name].validation_alias
    return tuple(map(str, alias.choices)) if isinstance(alias, AliasChoices) else (str(alias),)


def noted(name: str, kind: type[Note]) -> Note | None:
    """Return an annotation of a setting's type."""
    return next((one for one in Config.model_fields[name].metadata if isinstance(one, kind)), None)
