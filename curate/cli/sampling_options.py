"""The options that say how a sample is drawn and how a prompt becomes a request: the same for `curate generate` and `curate eval`."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

TEMPLATE = (
    click.option(
        "--template",
        type=click.Choice(["chat", "r1-zero"]),
        default="chat",
        show_default=True,
        help="chat: the model's own; r1-zero: plain text for a base model.",
    ),
    click.option("--system-prompt", help="A system turn before everything else."),
    click.option("--few-shot", help="JSONL file of worked examples (question, answer, source), or builtin:demo."),
    click.option("--prefill", default="", help="Text that every answer begins with."),
)


def sampling_options(max_tokens: int) -> Callable[[F], F]:
    """A decorator that adds the options of sampling, with a default for --max-tokens."""
    options = (
        click.option("--temperature", type=float, default=0.6, show_default=True, help="0: always the likeliest token."),
        click.option(
            "--top-p",
            type=float,
            default=0.95,
            show_default=True,
            help="Sample from the likeliest tokens that together have this probability.",
        ),
        click.option("--top-k", type=int, default=0, show_default=True, help="0: all."),
        click.option(
            "--min-p", type=float, default=0.0, show_default=True, help="Leave out tokens less likely than this share of the likeliest."
        ),
        click.option("--max-tokens", type=int, default=max_tokens, show_default=True, help="Tokens a sample, at most."),
        click.option("--stop", multiple=True, help="Text that ends a sample."),
    )

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def template_options(command: F) -> F:
    """Add the options that say what is sent of a prompt."""
    for option in reversed(TEMPLATE):
        command = option(command)
    return command
