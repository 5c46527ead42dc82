"""Studio's prefix: installed once from locked requirements, whole or not at all, and where it is looked for."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.index import LocalIndex

from assay.core.errors import UnavailableError
from assay.studio import prefix


@pytest.fixture
def index() -> Iterator[LocalIndex]:
    """Serve what stands in for JupyterHub."""
    found = LocalIndex()
    yield found
    found.close()


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, index: LocalIndex, settings: object) -> Path:
    """Be installed without a clone, with a lock of one tiny wheel."""
    wheel = index.add("hub", modules={"hub.py": "value = 1\n"})
    locked = tmp_path / "requirements.txt"
    locked.write_text(f"hub==1.0 --hash=sha256:{wheel.sha256}\n")
    home = tmp_path / "home"
    for name, value in {"HOME": home, "STUDIO": None, "INDEX_URL": index.url}.items():
        setattr(settings, name, value)
    monkeypatch.setattr(prefix, "REQUIREMENTS", locked)
    monkeypatch.setattr(prefix, "ROOT", tmp_path / "lib")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    prefix._key.cache_clear()
    yield home
    prefix._key.cache_clear()


def lock_anew() -> None:
    """Let the next version of Assay carry another lock."""
    prefix.REQUIREMENTS.write_text(prefix.REQUIREMENTS.read_text() + "# changed\n")
    prefix._key.cache_clear()


def prefixes(home: Path) -> list[Path]:
    """Return what lies where prefixes are made, whole or not."""
    return sorted(one for one in (home / "studio").iterdir() if one.name not in {".guard", "code"})


def test_two_starts_at_once_install_once(home: Path, index: LocalIndex) -> None:
    """The second waits, says so, and finds what the first has installed."""
    told: list[str] = []
    threads = [threading.Thread(target=prefix.ensure_prefix, args=(told.append,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = prefix.studio_prefix()
    assert prefixes(home) == [found]
    done = subprocess.run([found / "bin" / "python", "-c", "import hub; print(hub.value)"], stdout=-1, check=True)
    assert done.stdout == b"1\n"
    assert sum(line.startswith("Installing Studio") for line in told) == 1
    assert sum("waiting" in line for line in told) == 1
    assert sum(path.endswith(".whl") for path in index.served) == 1
    told.clear()
    assert prefix.ensure_prefix(told.append) == found
    assert told == []


def test_its_files_are_read_only_for_servers_so_bytecode_is_there(home: Path) -> None:
    """Servers start behind the wall and could not write it."""
    del home
    found = prefix.ensure_prefix(print)
    assert list(found.glob("lib/python3.*/site-packages/__pycache__/hub.*.pyc"))


def test_what_fails_leaves_nothing_and_says_what_to_do(home: Path, index: LocalIndex) -> None:
    """Another file than the locked one is refused; the next start with the right one works."""
    filename = index.wheels[0].filename
    index.misbehave[filename] = "other"
    with pytest.raises(UnavailableError) as caught:
        prefix.ensure_prefix(print)
    assert caught.value.detail.startswith("Studio could not be installed.\n")
    assert "ASSAY_INDEX" in caught.value.hint
    assert prefixes(home) == []
    index.misbehave.clear()
    assert prefix.ensure_prefix(print).exists()


def test_a_home_that_cannot_be_written_is_the_same_error(home: Path) -> None:
    """No traceback for a full or a foreign disk."""
    home.write_text("a file")
    with pytest.raises(UnavailableError, match="could not be installed"):
        prefix.ensure_prefix(print)


def test_half_made_and_unused_ones_are_removed(home: Path) -> None:
    """What was interrupted goes at the next start, and so does the prefix of an earlier version."""
    old = prefix.ensure_prefix(print)
    (home / "studio" / ".new-abc" / "prefix").mkdir(parents=True)
    lock_anew()
    assert prefixes(home)[-1] == old
    new = prefix.ensure_prefix(print)
    assert new != old
    assert prefixes(home) == [new]


def test_one_that_a_process_uses_stays_until_it_has_ended(home: Path) -> None:
    """A notebook that goes on during an upgrade keeps its files."""
    old = prefix.ensure_prefix(print)
    lock_anew()
    notebook = [old / "bin" / "python", "-c", "print('runs', flush=True); input()"]
    with subprocess.Popen(notebook, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"runs\n"  # before that, the system may not know its command
        new = prefix.ensure_prefix(print)
        assert prefixes(home) == sorted([old, new])
        running.communicate(b"\n")
    prefix.ensure_prefix(print)
    assert prefixes(home) == [new]


def test_it_is_made_anew_when_its_interpreter_is_gone(home: Path) -> None:
    """A link into a Python that was removed is no prefix."""
    del home
    found = prefix.ensure_prefix(print)
    (found / "bin" / "python").unlink()
    with pytest.raises(UnavailableError, match="not installed"):
        prefix.require_prefix()
    assert (prefix.ensure_prefix(print) / "bin" / "python").exists()


def test_a_prefix_of_the_settings_or_of_a_clone_is_taken_as_it_is(home: Path, settings: object) -> None:
    """Nothing is installed into it, and nothing beside it."""
    cloned = prefix.ROOT / ".venv-studio"
    cloned.mkdir(parents=True)
    with pytest.raises(UnavailableError, match=r"not installed in .*venv-studio"):
        prefix.ensure_prefix(print)
    settings.STUDIO = Path(sys.prefix)  # type: ignore[attr-defined] # set above
    assert prefix.ensure_prefix(print) == Path(sys.prefix)
    assert not home.exists()


def test_our_code_alone_is_offered_to_other_prefixes(home: Path) -> None:
    """No dependency of ours comes before one of Studio's; in a clone the sources lie alone already."""
    del home
    found = prefix.code_path()
    assert [(one.name, one.resolve()) for one in found.iterdir()] == [("assay", prefix.PACKAGE)]
    (found / "assay").unlink()
    (found / "assay").symlink_to(found)  # of an earlier version that lay elsewhere
    assert (prefix.code_path() / "assay").resolve() == prefix.PACKAGE
    prefix.ROOT.mkdir()
    (prefix.ROOT / "pyproject.toml").touch()
    assert prefix.code_path() == prefix.PACKAGE.parent
