"""The options that say which engine completes and how it is reached: the same for every command that takes a model.

They come in three groups, so that each command lists them among its own where a reader looks for them: which model, how the engine runs, and the chain's tags.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class KeyValue(click.ParamType[Any]):
    """`name=value`, the value parsed as JSON where it is JSON."""

    name = "k=v"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        import json

        key, equals, text = str(value).partition("=")
        if not equals or not key:
            self.fail(f"{value!r} is not of the form name=value", param, ctx)
        try:
            return key, json.loads(text)
        except ValueError:
            return key, text


class JsonObject(click.ParamType[Any]):
    """A JSON object."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        import json

        if isinstance(value, dict):
            return value
        try:
            found = json.loads(value)
        except ValueError as error:
            self.fail(f"{value!r} is not JSON ({error})", param, ctx)
        if not isinstance(found, dict):
            self.fail(f"{value!r} is not a JSON object", param, ctx)
        return found


MODEL = click.option("--model", required=True, help="Directory or hub name of the model; with the scripted engine, file.py:function.")
ENGINE = (
    click.option(
        "--engine",
        type=click.Choice(["vllm", "openai", "transformers", "scripted"]),
        default="vllm",
        show_default=True,
        help="Where completions come from.",
    ),
    click.option(
        "--base-url", multiple=True, help="openai: the server's address; several are used side by side. The key comes from OPENAI_API_KEY."
    ),
    click.option("--model-revision", "model_revision", help="Commit, tag or branch of a hub model."),
)
RUNNING = (
    click.option("--chat-template-kwargs", type=JsonObject(), help="For the chat template, as JSON."),
    click.option("--extra-body", type=JsonObject(), help="openai: more fields of the request, as JSON."),
    click.option("--engine-arg", type=KeyValue(), multiple=True, help="An argument of the engine, such as gpu_memory_utilization=0.8."),
    click.option("--tensor-parallel-size", type=int, default=1, show_default=True, help="GPUs that one copy of the model is spread over."),
    click.option("--max-concurrent", type=int, help="Requests in flight; the engine suggests it where not given."),
    click.option("--timeout", type=float, default=3600.0, show_default=True, help="openai: seconds that one request may take."),
    click.option("--stream", is_flag=True, help="openai: read answers as streams."),
)

think_tags_option = click.option(
    "--think-tags", nargs=2, default=("<think>", "</think>"), show_default=True, metavar="OPEN CLOSE", help="The chain's tags."
)


def model_options(command: F) -> F:
    """Add the options that name the model and the kind of engine."""
    return MODEL(engine_options(command))


def engine_options(command: F) -> F:
    """Add those that name the kind of engine alone, for a command that takes its models otherwise."""
    for option in reversed(ENGINE):
        command = option(command)
    return command


def running_options(command: F) -> F:
    """Add the options that say how the engine runs; `engine_arguments` reads both groups."""
    for option in reversed(RUNNING):
        command = option(command)
    return command


def engine_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """What the options say, under the names that curate.api.options has for them. Takes them out of `given`."""
    names = (
        *(("model",) if "model" in given else ()),
        "engine",
        "base_url",
        "chat_template_kwargs",
        "extra_body",
        "tensor_parallel_size",
        "max_concurrent",
        "timeout",
        "stream",
    )
    found = {name: given.pop(name) for name in names}
    return {
        **found,
        "revision": given.pop("model_revision"),
        "engine_args": dict(given.pop("engine_arg")),
        "think_tags": given.pop("think_tags"),
    }
