"""The reference page of messages between centres, written from the tables. ``page()`` is docs/reference/sit.md."""

from __future__ import annotations

from collections.abc import Iterable

from vigie.sit import catalogue, labels185, labels_national, ladr
from vigie.sit.fields import FIELDS
from vigie.sit.formats import FORMATS

HEAD = """# Messages between centres

Written from the tables of `vigie.sit`. `vigie sit parse` reads messages, `vigie sit format` writes them.

## What this cannot claim

C/S A.001 and A.002 could not be read, so nothing here claims conformity with them. The source of most forms is the
USMCC RCC Messages Manual v5.1 (21 Sep 2023), "RCC" below: notes on its sections, and the messages printed in it.

| form | what it is | read from | written |
|---|---|---|---|
| `usmcc_rcc` | national text, SIT 170-179 and 370-379 | RCC chapters 3 and 4, 29 messages | yes |
| `usmcc_auto` | US automated 9-line format | RCC Annex 9, one message | yes |
| `usmcc_support` | US support, 950-956, 985 | RCC chapter 5, five messages; kept as text | yes |
| `sit185` | plain-text alert, both layouts, alone or in 915, 925 | RCC chapter 6, Annexes 4, 11; a CMC message | yes |
| `sarmaster` | slashed alerts for SARMaster | RCC Annexes 10 and 11: three real messages, templates | yes |
| `narrative` | 605, 915, 925 | RCC Annex 11; kept as text | yes |
| `ladr` | upload to the ICAO repository, FIXM 4.2 XML | 41 samples of three centres, not the schema | yes |
| `a002_automatic` | alerts between MCCs, 122-147 | **inferred** from `sarmaster`; none was seen | no |
| `unknown` | another number, or a body of no known shape | kept as text, every line listed | yes |

The form follows from the shape of the body and the SIT number together, because numbers are used twice: 160-169 were US
text until 2016 and are the US automated format since; 170-183 mean one thing to SARMaster and another in US text.

## What is promised

- Nothing is lost: `text` is the message as received, `unread` lists every line or piece that no rule explains (with its
  line number and, for a writer, its place), `notes` lists what was odd and tolerated.
- A message is refused only where nothing can be made of it, with the line and the reason: empty, longer than 200,000
  characters, neither envelope nor title nor the labels of a known form, XML that is broken, that declares a document
  type or an entity, that is nested more than 40 deep, or of another kind. A line of more than 2,000 characters is kept
  and listed, but not searched.
- Unknown is `null`. Positions are degrees, north and east positive, five decimals; times are UTC with as many digits as
  were printed. In national text an expected error is as printed: 0 stands for not known and 999 for over 150 NM, and
  a note says so.
- The year of `DD HHMMSS MON` is the header's; within 45 days across the turn of a year it is the year beside it.
- A second value for a label does not replace the first: it is kept, noted and listed.
- What is written reads back as the same values. Texts are not reproduced blank for blank.
- Lines end in a line feed; a transport that needs another end (AFTN) makes it. Free text is written in the lines it
  came in: the 69 characters of a line and the 1800 of an AFTN body (RCC 4, 6.2.6) are not enforced.
- Nothing is sent: these functions turn text into values and back.

## Envelope

    /CURNO ORGNO/SRCE/YY DDD HHMM
    /SIT/DEST[/satellite/number of alerts]
    body
    /LASSIT
    /ENDMSG

`msg_no`, `orig_no`, `orig_facility`, `transmit_time`, `sit`, `dest`, and `satellite`, `n_alerts` where they are given.
Tolerated: a missing first slash, seconds in the time, `/LASTSIT`, missing last lines, lines of the transport around it,
a header or a SIT line that cannot be read (their values are then `null`).

## Keys

| keys | in | meaning |
|---|---|---|
| `form`, `meaning` | all | which form it is; what its number says in that form |
| `text`, `unread`, `notes` | all | as received; what was not understood; what was odd and tolerated |
| `title`, `special_header`, `preface` | text | title; text between exclamation marks; text before the title |
| `beacon_id`, `beacon_id_mid` | all | 15 or 23 hexadecimal digits, `null` where masked; its country code |
| `site_id`, `status`, `processing_time` | `usmcc_rcc` | as printed; the time as UTC |
| `solutions`, `previous_solutions` | `usmcc_rcc` | `sol`: A, B Doppler, D DOA, E encoded, U unlocated |
| `mcc_reference_position` | `usmcc_rcc` | `lat`, `lon`, `duration_h`, `srr` |
| `position_confirmed`, `position_conflict` | alerts | by reference position, block or field 24, never by title |
| `positions` | `sit185` | `confirmed`, `doppler_a`, `doppler_b`, `doa`, `encoded`: `lat`, `lon`, `prob`, `ee_nm` |
| `layout`, `detect_precision` | `sit185` | legacy, reorganised or a national one; "min" or "s" |
| `fields` | slashed | every numbered field by its number, with `A.`, `B.` for the sides |
| `doa`, `doppler_a`, `resolved`, `encoded`, ... | slashed | positions by what they are |
| `narrative` | text | the lines of a narrative or support message |
"""


def _table(head: tuple[str, ...], rows: Iterable[Iterable[str]]) -> list[str]:
    lines = ["", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row) + " |" for row in rows]
    return [*lines, ""]


def page() -> str:
    """The whole page, Markdown."""
    lines = [HEAD, "## Numbered fields", "", "MF numbers as the RCC manual prints them; n a digit, s a sign."]
    lines += _table(
        ("number", "name", "text", "key", "meaning"),
        (
            (row.number, row.name, f"`{row.template}`", f"`{row.key}`" if row.key else "", row.doc)
            for row in FIELDS.values()
        ),
    )
    lines += [
        "## Formats of slashed lines",
        "",
        "The lines after the envelope's two. A mark after # tells two places apart.",
    ]
    for layout in FORMATS:
        numbers = ", ".join(layout.sits) or "160P to 169V"
        lines += ["", f"### `{layout.name}` ({numbers})", "", f"{layout.doc}. Source: {layout.source}.", ""]
        lines += [f"{index}. {' / '.join(row.keys)}" for index, row in enumerate(layout.rows, 1)]
    lines += ["", "## Labels of national text", "", "In the block of what the beacon's message says:"]
    lines += _table(("label", "key"), ((label, f"`{key}`") for label, key in labels_national.DECODE.items()))
    lines += ["Headings and the block they begin; the first other heading is the title:"]
    lines += _table(("words in the heading", "block"), ((words, name) for name, words in labels_national.BLOCKS))
    lines += [
        "## Labels of a SIT 185",
        "",
        "Positions; either layout, with or without numbers, letters, colons and dashes:",
    ]
    lines += _table(
        ("label", "key in `positions`"), ((label, f"`{key}`") for label, key in labels185.POSITIONS.items())
    )
    lines += ["Other keys: " + ", ".join(f"`{key}`" for key, _ in labels185.SIMPLE) + ".", ""]
    lines += ["## Elements of a LADR upload"]
    lines += _table(
        ("key", "path of local names", "mandatory"),
        ((f"`{key}`", path, "yes" if key in ladr.MANDATORY else "") for key, path in ladr.PATHS if key != "pos"),
    )
    lines += ["Latitude and longitude are `distressEvent/.../position/position/pos`, mandatory.", ""]
    lines += ["## Numbers", "", "What a number says in each form (`meaning`), with the section of the RCC manual."]
    lines += _table(
        ("SIT", "form", "beacons", "meaning", "section"),
        ((r["sit"], f"`{r['form']}`", r["generation"], r["meaning"], r["section"]) for r in catalogue.rows()),
    )
    return "\n".join(lines).rstrip() + "\n"
