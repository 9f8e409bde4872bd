"""Writes docs/help.md from every command's --help; with --check it only says whether the file is in step (exit code 1 where it is not)."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from click.testing import CliRunner

from curate.cli import COMMANDS, group

FILE = Path(__file__).parent.parent / "docs" / "help.md"
WIDTH = 100
HEAD = "# Commands\n\nWritten by `make docs` from the commands themselves; `make check` holds the two in step.\n"


def _commands() -> Iterator[list[str]]:
    """The arguments that name each command, groups before their own."""
    yield []
    for name in COMMANDS:
        yield [name]
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from ([name, own] for own in command.commands)


def render() -> str:
    """The whole file: the group's help, then each command's."""
    parts = [HEAD]
    for arguments in _commands():
        result = CliRunner().invoke(group, [*arguments, "--help"], prog_name="curate", terminal_width=WIDTH, max_content_width=WIDTH)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        title = " ".join(["curate", *arguments])
        parts.append(f"\n## {title}\n\n```\n{click.unstyle(result.output).rstrip()}\n```\n")
    return "".join(parts)


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    text = render()
    if arguments == ["--check"]:
        if FILE.is_file() and FILE.read_text(encoding="utf-8") == text:
            return 0
        print("error: docs/help.md is not what the commands say: write it again with make docs, and commit it", file=sys.stderr)
        return 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
