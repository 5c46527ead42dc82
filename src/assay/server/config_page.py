"""The settings page of the docs, made from the settings.

`python -m assay.server.config_page > docs/reference/settings.md` writes it.
"""

from __future__ import annotations

import sys

from assay.server.config import Config, Derived, Wants, noted, variables
from assay.server.config_text import as_text

INTRODUCTION = """\
# Settings

<!-- Made by `python -m assay.server.config_page`; change src/assay/server/config.py instead. -->

Set an environment variable, or write the setting into `assay.toml`. The environment wins over the file, and the file
over the default. Assay reads the file at `ASSAY_CONFIG`, or else `assay.toml` in `ASSAY_HOME`. An empty variable
counts as not set.

```toml
port = 8010
url = "https://assay.example"
secure = true
sizes = ["small=2G/1", "large=16G/4"]
```

`assay config show` prints all settings, where each comes from, and masks passwords. `assay config check` only says
whether they are right. A server command with a wrong setting names each of them and ends with exit code 2. A relative
path starts at the directory in which you start the command.

| Variable | In `assay.toml` | Meaning | Accepts | Default | Example |
|---|---|---|---|---|---|
"""
COMMAND_VARIABLES = """
## Variables of the command line

These belong to the commands that people use, such as `assay review`.

| Variable | Meaning | Default |
|---|---|---|
| `ASSAY_URL` | Address of the server. | `http://127.0.0.1:8000` |
| `ASSAY_TOKEN` | API token from your account page. | |
| `ASSAY_WORKSPACE` | Workspace that the commands use. | `default` |
"""


def settings_page() -> str:
    """Return the page as Markdown."""
    return INTRODUCTION + "".join(map(_row, Config.model_fields)) + COMMAND_VARIABLES


def _row(name: str) -> str:
    field, wanted = Config.model_fields[name], noted(name, Wants)
    cells = (
        _code(variables(name)[0]),
        _code(name),
        field.description or "",
        wanted.text if wanted else "",
        _code(_default(name)),
        " or ".join(map(_code, map(str, field.examples or []))),
    )
    return f"| {' | '.join(cells)} |\n"


def _default(name: str) -> str:
    field, derived = Config.model_fields[name], noted(name, Derived)
    if derived:
        return derived.text
    shown = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return str(shown.get("default", "")) or as_text(field.default)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    sys.stdout.write(settings_page())
