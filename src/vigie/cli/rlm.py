"""``vigie rlm``: Galileo return-link messages in, what they say out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from vigie.cli.common import emit, lines_of
from vigie.errors import HexError, InputError
from vigie.message import rlm
from vigie.message.rlm_tables import SAR_FIELD


@click.command(name="rlm")
@click.argument("messages", nargs=-1, metavar="[HEX]...")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a message.")
@click.option("--parts", "as_parts", is_flag=True, help="Join messages from SAR fields: [SATELLITE SECONDS] BITS.")
@click.pass_context
def command(ctx: click.Context, messages: tuple[str, ...], as_json: bool, as_parts: bool) -> None:
    """Decode Galileo return-link messages given as hex: arguments, or one a line on standard input.

    Takes 20 hex digits (a short message) or 40 (a long one), joined from their parts of 20 bits. With --parts it takes
    the SAR fields themselves, 22 zeros and ones each, or whole I/NAV pages of E1-B, 60 hex digits each, and joins
    them; a satellite and the time of its page in seconds before them let it see what is missing.

    \b
    Example:  vigie rlm 2DDAAF95923FDFF18001
    """
    refused = 0
    answers = _from_parts(lines_of(messages)) if as_parts else map(_answer, lines_of(messages))
    for number, facts in enumerate(answers):
        refused += "error" in facts
        if as_json:
            emit(facts)
        elif "error" in facts:
            click.echo(f"{facts['input']}\n  refused: {facts['error']['message']}", err=True)
        else:
            click.echo(("\n" if number else "") + rlm.page(facts))
    if refused:
        ctx.exit(1)


def _error(text: str, error: InputError) -> dict[str, Any]:
    return {"input": text, "error": {"kind": error.kind, "message": str(error)}}


def _answer(text: str) -> dict[str, Any]:
    try:
        return {**rlm.decode(text), "input": text}
    except InputError as error:
        return _error(text, error)


def _from_parts(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """What the messages joined from SAR fields say; lines refused come first where they stand."""
    refused: list[dict[str, Any]] = []

    def fields() -> Iterator[rlm.SarField]:
        for line in lines:
            try:
                found = _sar_field(line)
                if found:
                    yield found
            except InputError as error:
                refused.append(_error(line, error))

    for joined in rlm.parts(fields()):
        yield from refused
        refused.clear()
        where = {"satellite": joined.satellite or None, "time_s": joined.time_s}
        if joined.hex is not None:
            yield rlm.decode(joined.hex) | where
        else:
            what = {"kind": "incomplete", "message": joined.problem, "have": list(joined.have), "of": joined.of}
            yield {"input": f"SAR fields of {joined.satellite or 'a satellite'}", "error": what, **where}
    yield from refused


def _sar_field(line: str) -> rlm.SarField | None:
    """The SAR field of a line; None for a page that has none."""
    satellite, seconds, content = ["", "", *line.split()][-3:] if len(line.split()) in (1, 3) else ("", "?", "")
    try:
        time_s = float(seconds) if seconds else None
        if time_s is not None and not 0 <= time_s < 1e12:
            raise ValueError
    except ValueError:
        problem = "a line is 22 bits or 60 hex digits, or a satellite, a time in seconds and these"
        raise HexError("layout", problem) from None
    read = rlm.sar_field if len(content) == SAR_FIELD.last else rlm.sar_of_page
    return read(content, satellite, time_s)
