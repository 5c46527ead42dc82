"""Kept wheels: unpacked, checked and compiled once, linked into environments; hostile ones are refused."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import zipfile
from pathlib import Path

import pytest
from support.bench import PYTHON, Bench
from support.index import LocalIndex

from assay.core.errors import BuildError
from assay.core.report import Report
from assay.engine.installing.integrity import rehash
from assay.engine.installing.seal import check_sealed
from assay.engine.interface import Job, Outcome
from assay.engine.layout import remove_tree, site_packages
from assay.engine.sandbox import isolation, limits
from assay.engine.sandbox.limits import Sandbox
from assay.engine.wheel_store.archive import inspect

ODD = "0123456789abcdef" * 64


def report_of(outcome: Outcome) -> Report:
    """Return the report of a build that went well."""
    assert outcome.report is not None, outcome.failure
    return Report.from_dict(outcome.report)


def said(outcome: Outcome, name: str) -> str:
    """Return what a check said."""
    return next(f"{one.state}: {one.detail}" for one in report_of(outcome).checks if one.name == name)


def test_the_second_environment_links_what_the_first_unpacked(bench: Bench, index: LocalIndex) -> None:
    """A wheel is fetched, unpacked and compiled once; after that it is the same files, and no new bytes."""
    index.add("shared", modules={"shared/__init__.py": "def f():\n    return 1\n"})
    index.add("other")
    first, _ = bench.build("shared")
    index.served.clear()
    second, _ = bench.build("shared", "other")
    paths = [site_packages(bench.folder(one), PYTHON) / "shared" for one in (first, second)]
    compiled = f"__pycache__/__init__.cpython-{PYTHON.replace('.', '')}.pyc"
    for name in ("__init__.py", compiled):
        one, other = ((place / name).stat() for place in paths)
        assert one.st_ino == other.st_ino
        assert not one.st_mode & 0o222
    assert "files/shared-1.0-py3-none-any.whl" not in index.served
    assert report_of(second).new_size < report_of(second).size
    fresh = next(one for one in report_of(second).libraries if one.name == "other")
    assert report_of(second).new_size == fresh.size


def test_compiled_files_are_what_python_uses(bench: Bench, index: LocalIndex) -> None:
    """A compiled file is valid whatever the source's time says, and tells the right path in a traceback."""
    index.add("failing", modules={"failing.py": "def f():\n    return 1 / 0\n"})
    outcome, _ = bench.build("failing")
    code = "import failing, traceback\ntry: failing.f()\nexcept ZeroDivisionError: traceback.print_exc()"
    run = subprocess.run(
        [str(bench.folder(outcome) / "bin" / "python"), "-v", "-c", code], capture_output=True, text=True, check=True
    )
    assert f"matches {site_packages(bench.folder(outcome), PYTHON)}/failing.py" in run.stderr
    assert f'File "{site_packages(bench.folder(outcome), PYTHON)}/failing.py", line 2' in run.stderr


def test_a_known_import_is_tried_again_when_an_optional_library_is_there(bench: Bench, index: LocalIndex) -> None:
    """What an import asked for in vain is part of what it depends on: it may fail once that is there."""
    source = "try:\n    import optional\nexcept ImportError:\n    optional = None\n"
    index.add("asking", modules={"asking.py": source})
    index.add("unrelated")
    index.add("optional", modules={"optional.py": "raise ValueError('I am broken')\n"})
    first, _ = bench.build("asking")
    kept = list(Path(bench.paths.checks).glob("*/*-cp*.json"))
    assert [json.loads(path.read_text())["asking"][0]["names"]["optional"] for path in kept] == [[]]
    again, _ = bench.build("asking", "unrelated")
    seconds = {one.library: one.seconds for one in report_of(first).imports}
    assert {one.library: one.seconds for one in report_of(again).imports}["asking"] == seconds["asking"]
    third, _ = bench.build("asking", "optional")
    errors = {one.library: one.error for one in report_of(third).imports}
    assert "I am broken" in errors["asking"]


def test_two_owners_of_a_path_are_told_and_ordered(bench: Bench, index: LocalIndex) -> None:
    """Each keeps its own file; in the environment the last name wins, each time, and the report says so."""
    for name in ("aaa", "bbb"):
        index.add(name, modules={f"{name}.py": "", "common/__init__.py": f"who = {name!r}\n", "same/__init__.py": ""})
    for order in (("aaa", "bbb"), ("bbb", "aaa")):
        remove_tree(Path(bench.paths.environments))
        outcome, log = bench.build(*order)
        assert "common/__init__.py (aaa, bbb)" in said(outcome, "file conflicts"), log
        assert "same/" not in said(outcome, "file conflicts")
        run = subprocess.run(
            [str(bench.folder(outcome) / "bin" / "python"), "-c", "import common; print(common.who)"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == "bbb"


def test_a_record_that_lies_is_told_and_changes_nothing(bench: Bench, index: LocalIndex) -> None:
    """RECORD names files that are not there: the report says so, and the files are what the wheel holds."""
    index.add("lying", record=("not_there.py",))
    outcome, _ = bench.build("lying")
    assert said(outcome, "RECORD mismatches").startswith("noted: 1: lying: ")
    assert not (site_packages(bench.folder(outcome), PYTHON) / "not_there.py").exists()


@pytest.mark.parametrize("place", ["scripts/python", "data/bin/python3.11", "data/pyvenv.cfg", "scripts/activate"])
def test_a_wheel_cannot_replace_the_interpreter(bench: Bench, index: LocalIndex, place: str) -> None:
    """A wheel that brings the environment's own files is refused before it is unpacked."""
    index.add("cuckoo", files={f"cuckoo-1.0.data/{place}": "#!/bin/sh\necho hijacked\n"})
    outcome, _ = bench.build("cuckoo")
    assert outcome.failure is not None
    assert "environment's own files" in outcome.failure.detail
    assert bench.visible() == []


@pytest.mark.parametrize(
    ("name", "kind", "word"),
    [
        ("../escaped.py", stat.S_IFREG, "outside of its tree"),
        ("/absolute.py", stat.S_IFREG, "outside of its tree"),
        ("a/../../escaped.py", stat.S_IFREG, "outside of its tree"),
        ("..\\escaped.py", stat.S_IFREG, "outside of its tree"),
        ("C:evil.py", stat.S_IFREG, "outside of its tree"),
        ("link", stat.S_IFLNK, "not a regular file"),
        ("device", stat.S_IFCHR, "not a regular file"),
        ("pipe", stat.S_IFIFO, "not a regular file"),
    ],
)
def test_what_must_not_be_unpacked_is_refused(tmp_path: Path, name: str, kind: int, word: str) -> None:
    """Ways out of the tree, links and devices are found before anything is unpacked."""
    wheel = tmp_path / "bad-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = (kind | 0o644) << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(BuildError, match=word):
        inspect(wheel)


def test_a_zip_bomb_is_refused(bench: Bench, index: LocalIndex) -> None:
    """A wheel of a megabyte that would unpack to gigabytes never is."""
    wheel = index.add("bomb")
    packed = io.BytesIO(wheel.content)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("bomb.bin", "w") as member:
        for _ in range(500):
            member.write(bytes(1 << 20))
    wheel.content = packed.getvalue()
    outcome, _ = bench.build("bomb")
    assert outcome.failure is not None
    assert "would unpack to 524 MB from" in outcome.failure.detail
    assert list(Path(bench.paths.wheels).iterdir()) == []


def test_an_archive_whose_directory_lies_is_bounded(bench: Bench, index: LocalIndex) -> None:
    """An archive that announces less than it holds cannot fill the disk: what is written is limited."""
    wheel = index.add("liar")
    packed = io.BytesIO(wheel.content)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large.bin", bytes(150 << 20))
    raw = packed.getvalue()
    for size in (150 << 20,):
        raw = raw.replace(size.to_bytes(4, "little"), (7).to_bytes(4, "little"))
    wheel.content = raw
    outcome, log = bench.build("liar")
    assert outcome.failure is not None, log
    assert bench.visible() == []
    assert [one for one in Path(bench.paths.wheels).iterdir() if not one.name.startswith(".")] == []


def test_a_transfer_that_breaks_off_is_told(bench: Bench, index: LocalIndex) -> None:
    """The registry dies in the middle, each time: a clear error, nothing half done, and the next build works."""
    wheel = index.add("asked", modules={"asked.py": f"text = '{os.urandom(3000).hex()}'\n"})
    index.misbehave[wheel.filename] = "dies"
    outcome, _ = bench.build("asked")
    assert outcome.failure is not None
    assert "could not be downloaded" in outcome.failure.detail
    del index.misbehave[wheel.filename]
    assert bench.build("asked")[0].failure is None


def test_more_than_was_announced_is_not_fetched(bench: Bench, index: LocalIndex) -> None:
    """A file that is larger than the index says is given up at once."""
    wheel = index.add("endless")
    index.sizes[wheel.filename] = 100
    outcome, _ = bench.build("endless")
    assert outcome.failure is not None
    assert "larger than its index lists" in outcome.failure.detail


def test_a_full_disk_leaves_nothing_broken(bench: Bench, index: LocalIndex) -> None:
    """On 12 MB a wheel of 30 MB fails with words; what was built before is whole, nothing is left."""
    index.add("small")
    index.add("large", modules={"large/__init__.py": "", "large/text.txt": ODD * 30_000})
    mounted = bench.root / "mounted"
    mounted.mkdir()
    home = Bench(mounted, index)
    script = [
        f"mount -t tmpfs -o size=12m none {mounted}",
        *(f"mkdir -p {mounted}/build{number}" for number in (1, 2)),
        f"mkdir -p {mounted}/overlays/cp{PYTHON.replace('.', '')}",
    ]
    for number, name in ((1, "small"), (2, "large")):
        job = json.dumps(Job(request=home.request(name), paths=home.paths).to_dict())
        script += [
            f"echo '{job}' > {mounted}/build{number}/job.json",
            f"python -m assay.engine {mounted}/build{number} || true",
        ]
    script += [f"cat {mounted}/build{number}/outcome.json; echo" for number in (1, 2)]
    script += [f"ls -A {mounted}/environments {mounted}/wheels"]
    path = os.pathsep.join((str(Path(os.sys.executable).parent), os.environ["PATH"]))  # type: ignore[attr-defined]
    ran = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", "\n".join(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        check=False,
    )
    if "unshare" in ran.stderr or "mount:" in ran.stderr:
        pytest.skip("this machine has no user namespaces")
    outcomes = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert outcomes[0]["failure"] is None, ran.stdout
    assert "disk is" in outcomes[1]["failure"]["detail"], ran.stdout
    listed = ran.stdout.splitlines()[-8:]
    assert outcomes[0]["digest"] in listed
    assert not [name for name in listed if name.startswith((".building", ".entering"))], listed


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(60)", "processes"),
        ("kept = []\nwhile True:\n    kept.append(bytearray(10_000_000))", "memory"),
        ("while True: pass", "longer than"),
    ],
)
def test_what_eats_the_machine_is_ended(bench: Bench, code: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork bomb, a memory eater and an endless loop are ended at the limit, with all that they started."""
    monkeypatch.setattr(limits, "MAX_PROCESSES", 40)
    monkeypatch.setattr(limits, "MAX_MEMORY", 400 << 20)
    request = bench.request()
    Path(bench.paths.environments).mkdir()
    sandbox = Sandbox(Job(request=request, paths=bench.paths), bench.root)
    marked = f"{code}\n# {bench.root.name}"
    ended = sandbox.run([request.python_path, "-c", marked], "", 4.0)
    assert word in ended.exceeded
    if isolation.isolation() != "none":
        listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert f"# {bench.root.name}" not in listed


def test_output_without_end_is_bounded(bench: Bench) -> None:
    """A check that prints for ever does not fill our memory."""
    request = bench.request()
    Path(bench.paths.environments).mkdir()
    sandbox = Sandbox(Job(request=request, paths=bench.paths), bench.root)
    code = "import sys\nfor _ in range(2000): sys.stdout.write('x' * 100_000)"
    assert len(sandbox.run([request.python_path, "-c", code], "", 30.0).output) <= limits.MAX_OUTPUT + (1 << 16)


def test_every_changed_file_is_named(bench: Bench, index: LocalIndex) -> None:
    """Verification names what was changed (in every environment that shares it), what is missing, what is new."""
    index.add("shared", modules={"shared/__init__.py": "x = 1\n", "shared/gone.py": "y = 1\n"})
    index.add("other")
    outcomes = [bench.build("shared")[0], bench.build("shared", "other")[0]]
    for one in outcomes:
        seen = rehash(bench.folder(one), str(one.digest), report_of(one).tree, lambda *_: None)
        assert seen.clean, seen
        assert seen.files == report_of(one).files
    first = bench.folder(outcomes[0])
    module = site_packages(first, PYTHON) / "shared" / "__init__.py"
    module.chmod(0o644)
    module.write_text("x = 2\n")
    module.parent.chmod(0o755)
    (module.parent / "gone.py").unlink()
    (module.parent / "added.py").write_text("z = 1\n")
    path = module.relative_to(first)
    seen = rehash(first, str(outcomes[0].digest), report_of(outcomes[0]).tree, lambda *_: None)
    assert seen.changed == (str(path),)
    assert seen.missing == (str(path.parent / "gone.py"),)
    assert seen.added == (str(path.parent / "added.py"),)
    other = rehash(bench.folder(outcomes[1]), str(outcomes[1].digest), report_of(outcomes[1]).tree, lambda *_: None)
    assert other.changed == (str(path),)


def test_a_change_with_its_paper_is_found_out(bench: Bench, index: LocalIndex) -> None:
    """Who changes a file and the manifest that tells of it is betrayed by the digest that is kept elsewhere."""
    index.add("asked")
    outcome, _ = bench.build("asked")
    paper = bench.folder(outcome) / ".assay" / "asked.wheel.json"
    told = json.loads(paper.read_text())
    told["files"][0][2] = "0" * 64
    paper.parent.chmod(0o755)
    paper.unlink()
    paper.write_text(json.dumps(told))
    seen = rehash(bench.folder(outcome), str(outcome.digest), report_of(outcome).tree, lambda *_: None)
    assert ".assay" in seen.changed


def test_a_drifted_environment_is_mended_to_the_same_digest(bench: Bench, index: LocalIndex) -> None:
    """A repair fetches what is damaged in the wheel store too, and puts the whole in place at one moment."""
    index.add("asked", modules={"asked.py": "x = 1\n"})
    first, _ = bench.build("asked")
    module = site_packages(bench.folder(first), PYTHON) / "asked.py"
    module.chmod(0o644)
    module.write_text("x = 2\n")
    mended, log = bench.build("asked", lock=first.lock, repair=True)
    assert mended.digest == first.digest, log
    assert "damaged" in log
    assert report_of(mended).tree == report_of(first).tree
    assert (site_packages(bench.folder(first), PYTHON) / "asked.py").read_text() == "x = 1\n"
    check_sealed(bench.folder(first), str(first.digest))
    assert rehash(bench.folder(first), str(first.digest), report_of(first).tree, lambda *_: None).clean
    assert bench.visible() == [first.digest]


def test_a_workspace_can_require_the_sandbox(
    bench: Bench, index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without bubblewrap a build says so in log and report, and fails where the workspace requires it."""
    index.add("asked")
    without = bench.root / "bin"
    without.mkdir()
    for name in ("true", "env"):
        (without / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(without))
    outcome, log = bench.build("asked")
    assert report_of(outcome).isolation == "none"
    assert "WARNING: no sandbox works" in log
    remove_tree(bench.folder(outcome))
    refused, _ = bench.build("asked", require_sandbox=True)
    assert refused.failure is not None
    assert "bubblewrap" in refused.failure.detail


def test_a_damaged_entry_is_unpacked_again(bench: Bench, index: LocalIndex) -> None:
    """A manifest that cannot be read, or is of another time, counts as none; the build goes on without it."""
    index.add("asked")
    first, _ = bench.build("asked")
    for content in ("{", '{"key": "x"}', "[]"):
        manifest = next(Path(bench.paths.wheels).glob("[0-9a-f]*/wheel.json"))
        manifest.chmod(0o644)
        manifest.unlink()
        manifest.write_text(content)
        remove_tree(bench.folder(first))
        again, log = bench.build("asked")
        assert again.digest == first.digest, log


def test_a_defect_of_ours_is_told(bench: Bench) -> None:
    """An unforeseen error ends the build with words and the whole story in the log, not with silence."""
    folder = bench.workdir(bench.request("asked"))
    job = json.loads((folder / "job.json").read_text())
    job["lock"] = 'lock-version = "1.0"'
    (folder / "job.json").write_text(json.dumps(job))
    bench.start(folder).wait(60)
    outcome = Outcome.from_dict(json.loads((folder / "outcome.json").read_text()))
    assert outcome.failure is not None
    assert outcome.failure.code == "internal"
    assert "Traceback" in (folder / "log").read_text()
