"""What a pipeline's stages run: each function takes a Task and calls the library as a person would, with the numbers of the stage's configuration.

The configuration of a stage is the keywords of the function of curate.api that it calls, and a few names that are said in the docstrings. Which of them go into `config` and which into `extent` is the recipe's to say; both are read alike.
"""

from collections.abc import Mapping
from typing import Any

from curate import api
from curate.engines import EngineSettings, Sampling
from curate.errors import UsageError
from curate.filters.judge import Settings
from curate.filters.judge.settings import PAIR_VOTES
from curate.rewriting import Rewriting
from curate.sources import SourceOptions
from curate.stage import Task


def prompts(task: Task) -> None:
    """Prompts of `sources` (a list, as for curate prompts), to the output `prompts`; `source` holds SourceOptions."""
    given = settings(task)
    sources = [*given.pop("sources", []), *(str(path) for path in task.inputs.values())]
    api.prompts(sources, str(task.outputs["prompts"]), options=_source(given), **given)


def generate(task: Task) -> None:
    """Samples of the model in the input `model` (or named by `model`), of the prompts in `prompts`, verified, to the output `samples`."""
    given = settings(task)
    model = given.pop("model", None) or str(task.inputs["model"])
    api.generate(str(task.inputs["prompts"]), str(task.outputs["samples"]), model=model, source=_source(given), quiet=True, **tuples(given))


def filter(task: Task) -> None:
    """The samples of all inputs through filters, to the output `samples`."""
    api.filter([str(path) for path in task.inputs.values()], str(task.outputs["samples"]), **settings(task))


def mix(task: Task) -> None:
    """The samples of all inputs mixed by `quotas`, to the output `samples`."""
    api.mix([str(path) for path in task.inputs.values()], str(task.outputs["samples"]), **settings(task))


def judge(task: Task) -> None:
    """Judgements of the samples of the input `samples`, to the output `samples`; `judge` describes the engine (the fields of EngineSettings) and `asking` how it is asked (those of curate.filters.judge.Settings)."""
    given = settings(task)
    api.judge(task.inputs["samples"], str(task.outputs["samples"]), engine=_engine(given), settings=_asking(given), **given)


def pairs(task: Task) -> None:
    """Preference pairs of the samples of the input `samples`, to the output `pairs`; `judge` and `asking` as above, with an even number of votes."""
    given = settings(task)
    given["asking"] = {"votes": PAIR_VOTES, **given.get("asking", {})}
    api.pairs(task.inputs["samples"], str(task.outputs["pairs"]), engine=_engine(given), settings=_asking(given), **given)


def label(task: Task) -> None:
    """Safety labels of the samples of the input `samples`, to the output `labels`; `judge` and `asking` as above."""
    given = settings(task)
    api.label(task.inputs["samples"], str(task.outputs["labels"]), engine=_engine(given), settings=_asking(given), **given)


def rewrite(task: Task) -> None:
    """The samples of the input `samples` in other words, to the output `samples`; `rewriter` describes the engine (the fields of EngineSettings), the rest are the fields of curate.rewriting.Rewriting."""
    given = settings(task)
    engine = EngineSettings(**tuples(given.pop("rewriter")))
    sampling = given.pop("sampling", None)
    chosen = Rewriting(**given) if sampling is None else Rewriting(sampling=Sampling(**sampling), **given)
    api.rewrite(task.inputs["samples"], str(task.outputs["samples"]), engine=engine, rewriting=chosen)


def settings(task: Task) -> dict[str, Any]:
    """Configuration and extent of a task together. Raises UsageError for a name that is in both."""
    twice = sorted(set(task.config) & set(task.extent))
    if twice:
        raise UsageError(f"{twice[0]} is in the configuration and in the extent of a stage: it belongs to one of them")
    return {**task.config, **task.extent}


def tuples(given: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists where the library takes tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def _source(given: dict[str, Any]) -> SourceOptions:
    return SourceOptions(**tuples(given.pop("source", {})))


def _engine(given: dict[str, Any]) -> EngineSettings:
    return EngineSettings(**tuples(given.pop("judge")))


def _asking(given: dict[str, Any]) -> Settings:
    asked = tuples(given.pop("asking", {}))
    sampling = asked.pop("sampling", None)
    return Settings(**asked) if sampling is None else Settings(sampling=Sampling(**sampling), **asked)
