"""From a fresh clone to the first alert on the screen: how long, and what is typed.

Clones the repository into an empty folder, makes an environment, installs with pip (or uv), starts ``vigie run`` and
asks the console's interface until the first alert is there. Each command that a newcomer types is timed. The caches of
pip and uv are used unless --no-cache; the network they need is this machine's.

    python benchmarks/first_alert.py
    python benchmarks/first_alert.py --with uv --no-cache --json
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def commands(tool: str, source: str, no_cache: bool) -> list[tuple[str, str]]:
    """What is typed: as it is shown, and as it runs here."""
    clone = f"git clone --quiet {source} vigie"
    if tool == "uv":
        return [
            ("git clone URL vigie && cd vigie", clone),
            ("uv run --no-dev vigie run", f"uv sync --quiet --locked --no-dev{' --no-cache' if no_cache else ''}"),
        ]
    pip = f".venv/bin/pip install --quiet --disable-pip-version-check{' --no-cache-dir' if no_cache else ''} ."
    return [
        ("git clone URL vigie && cd vigie", clone),
        ("python3 -m venv .venv", "python3 -m venv .venv"),
        (".venv/bin/pip install .", pip),
        (".venv/bin/vigie run", "true"),
    ]


def first_alert(folder: Path, home: Path) -> tuple[float, float, dict[str, Any]]:
    """Seconds from the start until the console answers and until it has an alert, and the alert."""
    env = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home)}
    env.pop("PYTHONPATH", None)
    began = time.monotonic()
    service = subprocess.Popen(
        [folder / ".venv/bin/vigie", "run", "--no-browser", "--port", "0"], cwd=folder, env=env, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert service.stdout is not None
        url = next(found[1] for line in service.stdout if (found := re.search(r"at (http://\S+?),", line)))
        up = time.monotonic() - began
        while True:
            with urllib.request.urlopen(f"{url}/api/alerts", timeout=20) as reply:
                alerts = json.load(reply)["alerts"]
            if alerts:
                return up, time.monotonic() - began, alerts[0]
            time.sleep(0.1)
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(30)


def main() -> None:
    """Type, wait, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with", dest="tool", choices=["pip", "uv"], default="pip")
    parser.add_argument("--source", default=str(ROOT), help="what is cloned")
    parser.add_argument("--no-cache", action="store_true", help="fetch every package anew")
    parser.add_argument("--again", action="store_true", help="start a second time too: the loops are compiled then")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place, rows = Path(name), list[dict[str, Any]]()
        env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        for shown, typed in commands(given.tool, given.source, given.no_cache):
            began = time.monotonic()
            folder = place / "vigie" if (place / "vigie").exists() else place
            subprocess.run(typed, shell=True, check=True, cwd=folder, env=env)
            rows.append({"typed": shown, "s": round(time.monotonic() - began, 1)})
        for start in range(1 + given.again):
            home = place / f"home{start}"
            home.mkdir()
            up, alert, found = first_alert(place / "vigie", home)
            rows.append({"then": "the console answers", "s": round(up, 1)})
            rows.append({"then": f"the first alert, {found['category_words']}", "s": round(alert, 1)})
        for row in rows:
            print(json.dumps(row) if given.json else f"{row['s']:7.1f} s  {row.get('typed') or '    ' + row['then']}")
        typed = [row for row in rows if "typed" in row]
        total = sum(row["s"] for row in typed) + rows[len(typed) + 1]["s"]
        told = {"with": given.tool, "commands": len(typed), "to_first_alert_s": round(total, 1)}
        print(json.dumps(told) if given.json else f"{total:7.1f} s  in all, {len(typed)} commands typed")


if __name__ == "__main__":
    main()
