"""The ``vigie`` command. Each subcommand is a module of this package, imported only when it is used."""

from __future__ import annotations

import difflib
import importlib
import sys

import click

from vigie import __version__
from vigie.errors import VigieError

COMMANDS = {
    "alerts": "Show the messages that a centre would send.",
    "bench": "What the receiver makes of recordings, and at what cost.",
    "campaign": "Play many simulations of one question.",
    "completion": "Complete commands and options with the Tab key of a shell.",
    "config": "Check the configuration of a station, or print an example.",
    "decode": "Decode 406 MHz beacon messages given as hex.",
    "doctor": "What stands in the way of good work on this machine.",
    "encode": "Make messages from field values.",
    "export": "Export one case as a folder for the investigation.",
    "layouts": "Draw the bit map of a message layout.",
    "locate": "Locate beacons from times and frequencies of arrival at satellites.",
    "measure": "Measure transmitters against the limits of their specification.",
    "passes": "Rise, culmination and set of each satellite over a site.",
    "receive": "Find and decode every burst in a recording or from a radio.",
    "register": "Look beacons up in a register.",
    "replay": "Rebuild the alerts from a journal or a stream.",
    "rlm": "Decode Galileo return-link messages given as hex.",
    "run": "Receive, alert and show: the whole chain with its console.",
    "score": "Compare a stream with the truth of its simulation.",
    "send": "Deliver detections to a centre, surely.",
    "simulate": "Play a world of beacons, satellites and stations.",
    "sit": "Parse and write messages between centres.",
    "store": "Check, upgrade, copy and thin out a journal.",
    "users": "Add, list and remove users and tokens.",
}


class Lazy(click.Group):
    """A group that imports a subcommand's module when the subcommand is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            near = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            if near and not ctx.resilient_parsing:
                ctx.fail(f"No such command '{cmd_name}'. Did you mean '{near[0]}'?")
            return None
        command: click.Command = importlib.import_module(f"vigie.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="vigie %(version)s")
def group() -> None:
    """Vigie: from a beacon's burst to an alert on a rescuer's map.

    \b
    To begin with:
      vigie run                         an exercise plays in the console
      vigie decode HEX                  what a message says
      vigie simulate raft -o raft --level samples
      vigie receive raft/*.sigmf-meta   the bursts in a recording
      vigie doctor                      what this machine lacks
    Each command teaches itself: vigie COMMAND --help
    """


def main() -> None:
    """Run the command line: exit 0 done, 1 done but some input was refused or nothing found, 2 wrong use."""
    try:
        code = group.main(prog_name="vigie", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except click.Abort:
        code = 130
    except VigieError as error:
        click.echo(f"vigie: {error}", err=True)
        code = 2
    except SystemError as error:  # Ctrl-C while a loop was being compiled comes out of Numba so
        if not isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
            raise
        code = 130
    except BrokenPipeError:  # the reader of a pipe has left: not an error of ours
        sys.stderr.close()
        code = 0
    sys.exit(code or 0)
