"""``vigie campaign``: many simulations of one question."""

from __future__ import annotations

import json
from pathlib import Path

import click

from vigie.cli.common import engine_options
from vigie.cli.simulate import Progress


@click.command("campaign")
@click.argument("campaign")
@click.option("-o", "--out", "folder", type=click.Path(path_type=Path), required=True, help="Folder to write into.")
@engine_options
@click.option("--json", "as_json", is_flag=True, help="The summary as a JSON line.")
def command(campaign: str, folder: Path, workers: int, cluster: str | None, as_json: bool) -> None:
    """Play many simulations and put their results together.

    CAMPAIGN is a TOML file, or the name of one that comes with Vigie: accuracy (errors against C/N0 and number of
    satellites), segments (maps of the globe for several space segments). Stopped or killed, the same command goes on
    where it was. Writes results.parquet, summary.json and report.html.

    \b
    Example:  vigie campaign accuracy -o accuracy --workers 2
              vigie campaign segments -o segments --cluster tcp://10.0.0.1:8786
    """
    from vigie.engine import open_engine
    from vigie.sim import campaign as campaigns

    asked, base = campaigns.load(campaigns.file_of(campaign))
    with open_engine(workers, cluster) as engine:
        done = campaigns.run(asked, base, folder, engine, Progress(asked.title))
    if as_json:
        click.echo((done / "summary.json").read_text().strip())
    else:
        results = json.loads((done / "summary.json").read_text())["results"]
        click.echo(f"{done / 'report.html'}: {len(results)} {'rows' if isinstance(results, list) else 'segments'}")
