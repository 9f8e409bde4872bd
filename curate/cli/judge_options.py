"""The options that say how a judge is asked: the same for `curate judge`, `curate pairs` and `curate label`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from curate.cli.engine_options import engine_arguments

if TYPE_CHECKING:
    from curate.engines import EngineSettings
    from curate.filters.judge import Settings

F = TypeVar("F", bound=Callable[..., Any])
REPLIES = ("free", "prefill", "schema")


def asking_options(votes: int, told: str = "Replies that are asked for each verdict.") -> Callable[[F], F]:
    """A decorator that adds the options, with a default number of votes; `judge_settings` reads them."""
    options = (
        click.option("--votes", type=int, default=votes, show_default=True, help=told),
        click.option(
            "--temperature", type=float, default=0.6, show_default=True, help="0: always the likeliest token, so one vote is enough."
        ),
        click.option(
            "--top-p",
            type=float,
            default=0.95,
            show_default=True,
            help="Sample from the likeliest tokens that together have this probability.",
        ),
        click.option(
            "--max-tokens", type=int, default=4096, show_default=True, help="Tokens a reply, at most, its chain of thought included."
        ),
        click.option(
            "--seed",
            type=int,
            default=0,
            show_default=True,
            help="Of the run: boundaries, planted samples and requests get theirs from it.",
        ),
        click.option(
            "--reply",
            type=click.Choice(REPLIES),
            default="free",
            show_default=True,
            help="prefill: begin the JSON of each reply, for a judge that does not think first. schema: have the engine (vllm, openai) hold the reply to its JSON schema.",
        ),
    )

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def judge_settings(given: dict[str, Any], **more: Any) -> "tuple[EngineSettings, Settings]":
    """What the options say, those of the engine included. Takes them out of `given`. Raises UsageError."""
    from curate import api
    from curate.filters.judge import Settings

    votes, seed, reply = given.pop("votes"), given.pop("seed"), given.pop("reply")
    sampling = {name: given.pop(name) for name in ("temperature", "top_p", "max_tokens")}
    options = api.options(**engine_arguments(given), **sampling, seed=seed)
    settings = Settings(
        votes=votes,
        seed=seed,
        sampling=options.sampling,
        max_concurrent=options.engine.max_concurrent,
        think_tags=options.engine.think_tags,
        reply=reply,
        **more,
    )
    return options.engine, settings
