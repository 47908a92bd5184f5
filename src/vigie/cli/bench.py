"""``vigie bench``: what the receiver makes of recordings, and at what cost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from vigie.cli.common import emit, recording_options, wanted
from vigie.errors import InputError, VigieError


@click.command(name="bench")
@click.argument("files", nargs=-1, required=True, metavar="RECORDING...")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a recording, then the total.")
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="JSON lines of what is known to be there: {file, hex, ...}; what is missed and what is more is counted.",
)
@recording_options
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    as_json: bool,
    expect: Path | None,
    layout: str | None,
    rate_hz: float | None,
    centre_hz: float | None,
    start: str | None,
    audio: Any,
) -> None:
    """Receive each RECORDING and count: bursts, messages read, identities read with an unreadable rest, bursts unread.

    The cost is CPU time for each second of signal. With --expect, of which each line states the file's name and the
    hex digits of a message that is known to be in it (as vigie receive --json prints them): how many of them were
    read, which were missed, and which messages were read beyond them. Exit status 1: a recording could not be read, or
    a message was missed.

    \b
    Examples:  vigie bench *.sigmf-meta
               vigie bench night.cf32 --sample-rate 37500 --json
               vigie receive good.wav --json | jq -c '{file: "good.wav", hex}' > known.jsonl
               vigie bench good.wav --expect known.jsonl
    """
    asked = wanted(layout, rate_hz, centre_hz, start, audio)
    known = None if expect is None else _known(expect)
    table, rows, wrong = None if as_json else _Table(known is not None), [], False
    for file in files:
        try:
            row = measured(file, asked, known)
        except VigieError as error:
            wrong = True
            row = {"file": file, "error": {"kind": getattr(error, "kind", "recording"), "message": str(error)}}
        else:
            rows.append(row)
            wrong = wrong or bool(row.get("missed"))
        emit(row) if table is None else table.add(row)
    total = totalled(rows)
    emit({"total": total}) if table is None else table.end(total)
    if wrong:
        ctx.exit(1)


def measured(file: str, asked: Any, known: dict[str, list[str]] | None) -> dict[str, Any]:
    """What one recording holds and what it cost. Raises RecordingError."""
    from vigie.cli.receive import rows
    from vigie.signal.recording import open_recording

    recording = open_recording(file, asked)
    length_s = 0.0

    def blocks() -> Iterable[Any]:
        nonlocal length_s
        for block in recording.blocks():
            length_s += len(block.iq) / block.rate_hz
            yield block

    begun = time.process_time()
    found = list(rows(blocks()))
    cpu_s = time.process_time() - begun
    read = [row["hex"] for row in found if row["hex"] is not None]
    row: dict[str, Any] = {
        "file": file,
        "duration_s": round(length_s, 3),
        "bursts": len(found),
        "read": len(read),
        "identity_only": sum(row["hex"] is None and row["message"] is not None for row in found),
        "unread": sum(row["message"] is None for row in found),
        "cpu_s": round(cpu_s, 3),
        "times_real_time": round(length_s / cpu_s, 1) if cpu_s else None,
        "messages": read,
    }
    if known is not None:
        there = list(known.get(Path(file).name, []))
        beyond = []
        for digits in read:
            match = next((one for one in there if digits.endswith(one) or one.endswith(digits)), None)
            if match is None:
                beyond.append(digits)
            else:
                there.remove(match)
        row |= {"expected": len(known.get(Path(file).name, [])), "missed": there, "beyond": beyond}
    return row


def totalled(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums over recordings."""
    total: dict[str, Any] = {"recordings": len(rows)}
    for key in ("duration_s", "bursts", "read", "identity_only", "unread", "cpu_s", "expected"):
        if any(key in row for row in rows):
            total[key] = round(sum(row.get(key, 0) for row in rows), 3)
    for key in ("missed", "beyond"):
        if any(key in row for row in rows):
            total[key] = sum(len(row.get(key, ())) for row in rows)
    total["times_real_time"] = round(total["duration_s"] / total["cpu_s"], 1) if total.get("cpu_s") else None
    return total


def _known(path: Path) -> dict[str, list[str]]:
    """The hex digits known to be in each file, by its name. Raises InputError naming the line."""
    known: dict[str, list[str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            file, digits = row["file"], row["hex"]
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{path} line {number}: it needs file and hex ({type(error).__name__}: {error})") from None
        if digits is not None:
            known.setdefault(Path(str(file)).name, []).append(str(digits).upper())
    return known


class _Table:
    """The counts as lines for people."""

    def __init__(self, expected: bool) -> None:
        self.expected = expected
        more = f" {'known':>6} {'missed':>6} {'beyond':>6}" if expected else ""
        head = f"{'length':>9} {'bursts':>6} {'read':>5} {'id only':>7} {'unread':>6}{more} {'CPU':>8} {'speed':>7}"
        click.echo(f"{head}  recording")

    def add(self, row: dict[str, Any]) -> None:
        """One recording."""
        if "error" in row:
            click.echo(f"{row['file']}: {row['error']['message']}", err=True)
            return
        self._line(row, row["file"], len(row.get("missed", ())), len(row.get("beyond", ())))
        for kind in ("missed", "beyond"):
            for digits in row.get(kind, ()):
                click.echo(f"          {kind}: {digits}")

    def end(self, total: dict[str, Any]) -> None:
        """The sums."""
        if total["recordings"]:
            self._line(total, f"{total['recordings']} in all", total.get("missed", 0), total.get("beyond", 0))

    def _line(self, row: dict[str, Any], name: str, missed: int, beyond: int) -> None:
        speed = "-" if row["times_real_time"] is None else f"{row['times_real_time']:.0f}x"
        more = f" {row['expected']:>6} {missed:>6} {beyond:>6}" if self.expected else ""
        click.echo(f"{row['duration_s']:>7.1f} s {row['bursts']:>6} {row['read']:>5} {row['identity_only']:>7} "
                   f"{row['unread']:>6}{more} {row['cpu_s']:>6.2f} s {speed:>7}  {name}")  # fmt: skip
