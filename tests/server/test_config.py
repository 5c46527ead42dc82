"""Settings: where they come from, what a wrong one says, what is masked, and their page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.server import ASSAY, ROOT

from assay.core.errors import SettingsError
from assay.server.config import Config, Wants, noted, variables
from assay.server.config_loading import MAX_SHOWN, load, show, warnings
from assay.server.config_page import settings_page

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Start from no settings but a home of one's own."""
    for name in [one for one in os.environ if one.startswith("ASSAY_") or one == "PORT"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ASSAY_HOME", str(tmp_path))
    return tmp_path


def wrong() -> list[str]:
    """Return the lines of the error that loading raises."""
    with pytest.raises(SettingsError) as caught:
        load()
    return [one.strip() for one in caught.value.hint.splitlines()]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run an `assay` command with these variables."""
    return subprocess.run(
        [*ASSAY, *arguments], env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def test_defaults_follow_from_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """One port moves all ports and addresses that are not set themselves."""
    monkeypatch.setenv("PORT", "8110")
    config = load()
    assert (config.hub_port, config.apps_port) == (8111, 8114)
    assert (config.url, config.hub_url) == ("http://127.0.0.1:8110", "http://localhost:8111")
    assert (config.frame_url, config.apps_url) == ("http://localhost:8110", "http://apps.localhost:8114")
    assert config.mail_from == "assay@127.0.0.1"


def test_environment_wins_over_file_and_file_over_default(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Each setting says where it comes from; an empty variable counts as not set."""
    (home / "assay.toml").write_text(
        'port = 8110\nidle_minutes = 30\nsecure = true\nsizes = ["a=1G/1", "b=512M/0.5"]\n'
    )
    monkeypatch.setenv("PORT", "8120")
    monkeypatch.setenv("ASSAY_IDLE_MINUTES", "")
    config = load()
    assert (config.port, config.idle_minutes, config.secure, config.maintenance_hours) == (8120, 30, True, 24)
    assert [size.memory >> 20 for size in config.sizes] == [1024, 512]
    origins = {one.name: (one.value, one.origin) for one in show(config)}
    assert origins["PORT"] == ("8120", "environment")
    assert origins["ASSAY_IDLE_MINUTES"] == ("30", "assay.toml")
    assert origins["ASSAY_SIZES"] == ("a=1G/1 b=512M/0.5", "assay.toml")
    assert origins["ASSAY_MAINTENANCE_HOURS"] == ("24", "default")


def test_prices_belong_to_sizes(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """And to what has no size; both forms are read."""
    (home / "assay.toml").write_text('sizes = ["a=1G/1"]\nsize_prices = ["a=0.05", "run=1"]\nstorage_price = 0.1\n')
    monkeypatch.setenv("ASSAY_CURRENCY", "CHF")
    config = load()
    assert [(one.name, one.price) for one in config.size_prices] == [("a", 0.05), ("run", 1.0)]
    assert (config.storage_price, config.currency) == (0.1, "CHF")
    assert {one.name: one.value for one in show(config)}["ASSAY_SIZE_PRICES"] == "a=0.05 run=1"


def test_a_file_elsewhere_is_named(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """ASSAY_CONFIG names the file; one that is not there is an error, not a default."""
    path = home / "elsewhere.toml"
    monkeypatch.setenv("ASSAY_CONFIG", str(path))
    assert wrong() == [
        (
            f"ASSAY_CONFIG in the environment: found '{path}'; "
            "expected a readable TOML file, for example /etc/assay/assay.toml"
        )
    ]
    path.write_text("web_processes = 2\n")
    assert load().web_processes == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "80x"),
        ("PORT", "65535"),
        ("ASSAY_HUB_PORT", "0"),
        ("ASSAY_HUB_PORT", "8000"),
        ("ASSAY_APPS_PORT", "8001"),
        ("ASSAY_URL", "assay.example"),
        ("ASSAY_HUB_URL", "https://"),
        ("ASSAY_FRAME_URL", "ftp://frames.example"),
        ("ASSAY_APPS_URL", "http://apps.example:port"),
        ("ASSAY_INDEX", "pypi"),
        ("ASSAY_SECURE", "maybe"),
        ("ASSAY_WEB_PROCESSES", "65"),
        ("ASSAY_MAINTENANCE_HOURS", "-1"),
        ("ASSAY_IDLE_MINUTES", "inf"),
        ("ASSAY_SIZES", "small"),
        ("ASSAY_SIZES", "a=1G/1 a=2G/1"),
        ("ASSAY_SIZE_PRICES", "small"),
        ("ASSAY_SIZE_PRICES", "huge=1"),
        ("ASSAY_STORAGE_PRICE", "-1"),
        ("ASSAY_CURRENCY", "12 EUR"),
        ("ASSAY_MAIL_FROM", "nobody"),
        ("ASSAY_SMTP", "smtp://"),
        ("ASSAY_DATABASE", "mysql://h/name"),
        ("ASSAY_DATABASE", "postgresql://h"),
        ("ASSAY_HOME", "/etc/hostname/assay"),
        ("ASSAY_HOME", "/dev/null"),
        ("ASSAY_HOME", "/" + "x" * 300),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """One line: the variable, where it is set, what was found, what it wants, an example."""
    monkeypatch.setenv(name, value)
    field = next(one for one in Config.model_fields if name in variables(one))
    wanted, example = noted(field, Wants), (Config.model_fields[field].examples or [])[0]
    found = "***" if name == "ASSAY_URL" and ":" in value and "://" not in value else value
    assert wanted is not None
    assert wrong() == [
        f"{name} in the environment: found '{found[:MAX_SHOWN]}'; expected {wanted.text}, for example {example}"
    ]


def test_a_home_behind_links_in_a_circle_is_an_error(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """So is one in a directory that we may not look into."""
    (home / "link").symlink_to(home / "link")
    monkeypatch.setenv("ASSAY_HOME", str(home / "link" / "assay"))
    assert "expected a directory that exists or can be made" in wrong()[0]


def test_a_home_that_cannot_be_made_ends_the_command_with_the_reason() -> None:
    """What only the attempt shows is told as other wrong settings are, without a traceback."""
    done = run("up", ASSAY_HOME="/proc/assay")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: 1 setting is wrong.\n  ASSAY_HOME in the environment: found '/proc/assay'; "
        "expected a directory that exists or can be made, for example /srv/assay\n"
    )


def test_a_wrong_line_of_the_file_is_named_and_all_are_told_at_once(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """Three mistakes are three lines; keys that nobody knows come with the nearest that is known."""
    path = home / "assay.toml"
    path.write_text('# settings\nsecure = "maybe"\n\nhub_prot = 8111\n[mail]\nsmtp = "x"\n')
    monkeypatch.setenv("PORT", "no")
    assert sorted(wrong()) == [
        "PORT in the environment: found 'no'; expected a port from 1 to 65531, for example 8010",
        f"hub_prot in {path} line 4: is not a setting. Did you mean hub_port?",
        f"mail in {path} line 5: is not a setting. Did you mean mail_from?",
        f"secure in {path} line 2: found 'maybe'; expected 1 or 0, for example 1",
    ]


def test_a_file_that_is_no_toml_is_named_with_its_line(home: Path) -> None:
    """The parser's line and column are passed on."""
    (home / "assay.toml").write_text("port = 8110\nurl = = 1\n")
    assert "line 2" in wrong()[0]
    assert str(home / "assay.toml") in wrong()[0]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("ASSAY_DATABASE", f"postgresql://me:{SECRET}@host/name", "postgresql://***@host/name"),
        ("ASSAY_DATABASE", f"postgresql://me:{SECRET}@@/host/name", "postgresql://***@/host/name"),
        ("ASSAY_SMTP", f"smtps://me:{SECRET}@host:465", "smtps://***@host:465"),
        ("ASSAY_INDEX", f"https://me:{SECRET}@host/simple", "https://***@host/simple"),
        ("ASSAY_ADVISORIES", f"https://host/all.zip?key={SECRET}", "https://host/all.zip?***"),
    ],
)
def test_passwords_are_masked(monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str) -> None:
    """What stands before the host, and after `?`, is not printed."""
    monkeypatch.setenv(name, value)
    assert {one.name: one.value for one in show(load())}[name] == shown


@pytest.mark.parametrize(
    "value", [f"me:{SECRET}@host/name", f"postgresql:/me:{SECRET}@host", f"mysql://{SECRET}@h/n"]
)
def test_passwords_are_masked_in_errors(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A value that is no address may be a password as a whole."""
    monkeypatch.setenv("ASSAY_DATABASE", value)
    assert "***" in wrong()[0]
    assert SECRET not in wrong()[0]


def test_options_of_a_database_are_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be ignored; the error says where libpq reads them."""
    monkeypatch.setenv("ASSAY_DATABASE", f"postgresql://host/name?password={SECRET}")
    assert SECRET not in wrong()[0]
    assert "PGSSLMODE" in wrong()[0]


def test_variables_that_nobody_knows_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slip comes with the nearest name; those of the command line and of tests are known."""
    for name in ("ASSAY_SISES", "ASSAY_PORT", "ASSAY_TOKEN", "ASSAY_TEST_ADVISORIES"):
        monkeypatch.setenv(name, "1")
    assert warnings() == [
        "ASSAY_PORT is not a setting and is ignored. Did you mean PORT?",
        "ASSAY_SISES is not a setting and is ignored. Did you mean ASSAY_SIZES?",
    ]


def test_the_old_name_of_a_setting_works_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newer name wins where both are set."""
    monkeypatch.setenv("ASSAY_UPKEEP_HOURS", "3")
    assert load().maintenance_hours == 3
    assert warnings() == ["ASSAY_UPKEEP_HOURS is now called ASSAY_MAINTENANCE_HOURS. Rename it."]
    monkeypatch.setenv("ASSAY_MAINTENANCE_HOURS", "5")
    assert load().maintenance_hours == 5


@pytest.mark.parametrize("command", ["up", "serve", "worker", "apps", "migrate", "admin token x", "config check"])
def test_commands_of_the_server_end_with_2_and_no_traceback(command: str) -> None:
    """The mistake and nothing else is printed."""
    done = run(*command.split(), PORT="80x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "error: 1 setting is wrong.\n"
        "  PORT in the environment: found '80x'; expected a port from 1 to 65531, for example 8010\n"
    )


def test_show_prints_a_table_or_json() -> None:
    """Both hold every setting, masked."""
    address = f"smtp://me:{SECRET}@host"
    table, document = run("config", "show", ASSAY_SMTP=address), run("config", "show", "--json", ASSAY_SMTP=address)
    rows = json.loads(document.stdout)
    assert len(rows) == len(Config.model_fields) == len(table.stdout.splitlines()) - 1
    assert {"name": "ASSAY_SMTP", "value": "smtp://***@host", "origin": "environment"}.items() <= next(
        row for row in rows if row["name"] == "ASSAY_SMTP"
    ).items()
    assert SECRET not in table.stdout + document.stdout


def test_people_s_commands_load_no_settings_library() -> None:
    """What speaks HTTP only starts fast."""
    program = "import sys; from assay.cli.main import parser; parser(); sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_every_setting_has_its_words() -> None:
    """Meaning, what it accepts, an example that is accepted."""
    for name, field in Config.model_fields.items():
        assert field.description, name
        assert noted(name, Wants), name
        assert field.examples, name


def test_examples_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an error recommends works."""
    for name, field in Config.model_fields.items():
        for example in [] if name == "home" else field.examples or []:
            monkeypatch.setenv(variables(name)[0], example)
            load()


def test_the_page_is_up_to_date() -> None:
    """`python -m assay.server.config_page > docs/reference/settings.md` makes it."""
    assert (ROOT / "docs" / "reference" / "settings.md").read_text() == settings_page()
