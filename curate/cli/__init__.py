"""The command line: `curate COMMAND`, one module a command, imported only when that command is asked for.

Departs from click's usual shape in two ways. The group is a table of names, so `curate --help` imports click and little else. And `main` owns the exit code: an error that a person can mend is
one sentence on stderr, never a traceback, with the code of curate/errors.py; anything else is a bug and keeps its traceback.
"""

import ast
import contextlib
import errno
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click

from curate import PROJECT, __version__
from curate.errors import CurateError, UsageError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
FULL = (errno.ENOSPC, errno.EDQUOT)
REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class Entry(NamedTuple):
    """A command: the module whose `command` it is, and its line in `curate --help`."""

    module: str
    summary: str


COMMANDS = {
    "prompts": Entry("curate.cli.prompts", "Write prompts from a source to a directory."),
    "generate": Entry("curate.cli.generate", "Sample prompts from a model, verify, keep what is right."),
    "eval": Entry("curate.cli.eval", "Say how often models are right, side by side, with intervals."),
    "verify": Entry("curate.cli.verify", "Judge stored completions, or hold golds against themselves."),
    "filter": Entry("curate.cli.filter", "Filter samples, drop duplicates and benchmark questions, keep account."),
    "rewrite": Entry("curate.cli.rewrite", "Have a model rewrite chains and solutions, and verify them again."),
    "mix": Entry("curate.cli.mix", "Mix filtered sets by quotas, shuffle, split."),
    "review": Entry("curate.cli.review", "Say of a set what to know before training on it."),
    "judge": Entry("curate.cli.judge", "Have a model judge samples, or measure how far it can be trusted."),
    "pairs": Entry("curate.cli.pairs", "Make preference pairs of samples, by a judge that sees both orders."),
    "label": Entry("curate.cli.label", "Label samples safe or unsafe, by a judge with a rubric."),
    "train": Entry("curate.cli.train", "Train on samples, prompts, pairs and labels."),
    "run": Entry("curate.cli.run_pipeline", "Run what is missing of a pipeline."),
    "plan": Entry("curate.cli.plan", "Say what a pipeline will take and make, before it is run."),
    "graph": Entry("curate.cli.graph", "Show a pipeline's stages and what is there of them."),
    "inspect": Entry("curate.cli.inspect", "Say what is in a Parquet file or a dataset directory."),
    "check": Entry("curate.cli.check", "Check that a dataset directory is whole."),
    "doctor": Entry("curate.cli.doctor", "Say what can run here and what to install for the rest."),
}


class LazyGroup(click.Group):
    """A group whose commands are looked up in COMMANDS and imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = importlib.import_module(entry.module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name=PROJECT, message="%(prog)s %(version)s")
def group() -> None:
    """Reasoning data the DeepSeek-R1 way, from the first sample to the trained model.

    Exit codes: 0 done, 1 something is wrong, 2 given wrongly, 3 stopped and resumable by the same command, 130 interrupted.
    """


def own_package(name: str) -> ModuleType:
    """Import a module of our top-level packages `train` and `pipelines`, after a look at the marker in the package's file: pip lets another distribution overwrite it without a word.

    The look does not run the file. Raises UsageError naming the file that stands in the way.
    """
    module, name = name, name.partition(".")[0]
    spec = importlib.util.find_spec(name)
    origin = spec.origin if spec is not None else None
    if origin is None:
        raise UsageError(f"r1-curate's package {name!r} is missing: install r1-curate again, in a virtual environment of its own")
    if _marker(Path(origin)) != PROJECT:
        raise UsageError(
            f"{origin} hides r1-curate's package {name!r}: remove it, or install r1-curate in a virtual environment of its own"
        )
    return importlib.import_module(module)


def _marker(file: Path) -> str | None:
    """The value of `PROJECT = "..."` at the top level of a Python file; None where there is none or the file is no Python."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (SyntaxError, ValueError, OSError):
        return None
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id="PROJECT")], value=ast.Constant(value=str(value))):
                return value
    return None


def _say(error: OSError) -> str | None:
    """The sentence for an error of the machine that a person can mend; None for any other, which is a bug of ours."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in FULL:
        return f"the disk is full{where}: free some space and give the same command again, nothing finished is lost"
    if error.errno in REFUSED:
        return f"{os.strerror(error.errno or 0).lower()}{where}: choose another path or change its permissions"
    if error.errno == errno.EMFILE:
        return "too many open files: raise the limit (ulimit -n) or lower --max-concurrent"
    return None


def _stop(sentence: str, code: int) -> int:
    click.echo(f"error: {sentence}", err=True)
    return code


def run(args: Sequence[str] | None = None) -> int:
    """Run one command; what it says goes to stdout and stderr, and its exit code is returned."""
    try:
        result: Any = group.main(args=None if args is None else list(args), prog_name="curate", standalone_mode=False)
    except CurateError as error:
        return _stop(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.UsageError as error:
        hint = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        return _stop(error.format_message().rstrip(".") + hint, error.exit_code)
    except click.ClickException as error:
        return _stop(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):  # click turns the second into the first while a command runs
        return _stop("interrupted: what was finished is kept, and the same command goes on from there", INTERRUPTED)
    except MemoryError:
        return _stop("out of memory: lower --max-concurrent or the size of the input, or give the machine more", 1)
    except OSError as error:
        sentence = _say(error)
        if sentence is None:
            raise
        return _stop(sentence, 1)
    return result if isinstance(result, int) else 0


def main() -> None:
    """The console script. A reader that goes away (`curate inspect DIR | head`) ends the program without a word."""
    code = run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        with contextlib.suppress(OSError):  # so that the interpreter's own flush at the end has somewhere to go
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
