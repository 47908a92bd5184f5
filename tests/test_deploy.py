"""What ``deploy/`` holds is what systemd, a shell and the command line understand."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", ["vigie.service", "vigie-backup.service", "vigie-backup.timer"])
def test_systemd_finds_no_fault(unit: str, tmp_path: Path) -> None:
    for path in (*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")):
        # the program need not be installed where this is tested
        text = path.read_text(encoding="utf-8").replace("/opt/vigie/bin/vigie", "/bin/true")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)], capture_output=True, text=True, check=False
    )
    told = [line for line in (run.stdout + run.stderr).splitlines() if unit in line]
    assert told == []


def test_the_service_calls_commands_that_exist() -> None:
    from vigie.cli import COMMANDS

    called = re.findall(r"^Exec\w+=/opt/vigie/bin/vigie (\w+)", (DEPLOY / "vigie.service").read_text(), re.MULTILINE)
    assert called
    assert set(called) <= set(COMMANDS)


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3 is not installed")
def test_the_backup_is_a_whole_copy(tmp_path: Path) -> None:
    """The very command of the unit, in another folder, while somebody is writing."""
    unit = (DEPLOY / "vigie-backup.service").read_text(encoding="utf-8")
    found = re.search(r"ExecStart=/bin/sh -ec '(.*)'", unit, re.DOTALL)
    assert found
    script = found[1].replace("\\\n", "").replace("%%", "%").replace("/var/lib/vigie", str(tmp_path))
    live = sqlite3.connect(tmp_path / "vigie.sqlite")
    live.execute("PRAGMA journal_mode=WAL")
    live.execute("CREATE TABLE journal (seq INTEGER PRIMARY KEY, body TEXT)")
    live.executemany("INSERT INTO journal (body) VALUES (?)", [(f"row {number}",) for number in range(1000)])
    live.commit()
    live.execute("INSERT INTO journal (body) VALUES ('not committed')")
    subprocess.run(["/bin/sh", "-ec", script], check=True, env=os.environ)
    live.rollback()
    live.close()
    (copy,) = (tmp_path / "backup").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d\.sqlite", copy.name)
    assert sqlite3.connect(copy).execute("SELECT count(*) FROM journal").fetchone() == (1000,)


def test_scripts_are_shell(tmp_path: Path) -> None:
    for path in (ROOT / "scripts/deb", *(DEPLOY / "debian" / name for name in ("postinst", "prerm", "postrm"))):
        assert os.access(path, os.X_OK)
        shell = "bash" if "bash" in path.read_text(encoding="utf-8").splitlines()[0] else "sh"
        subprocess.run([shell, "-n", str(path)], check=True)


def test_a_service_keeps_its_journal_where_it_may_write_and_the_backup_looks() -> None:
    from vigie.config import example

    said = tomllib.loads(example(service=True))
    unit = (DEPLOY / "vigie-backup.service").read_text(encoding="utf-8")
    assert f"sqlite3 {said['store']['url']} " in unit
    assert said["snippets"]["folder"].startswith("/var/lib/vigie/")
    assert said["web"]["browser"] is False
    kept = tomllib.loads(example())
    assert {key for key in kept if kept[key] != said[key]} == {"store", "snippets", "web"}


def test_the_package_installs_what_it_brings() -> None:
    brought = re.search(r'"\.(\[[\w,]+\])"', (ROOT / "scripts/deb").read_text())
    assert brought
    assert f"vigie{brought[1]}" in (DEPLOY / "debian/postinst").read_text()
