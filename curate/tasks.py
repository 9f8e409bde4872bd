"""What a pipeline's stages run: each function takes a Task and calls the library as a person would, with the numbers of the stage's configuration.

An engine beside the model itself (`judge`, `rewriter`, `writer`) is described by the fields of EngineSettings; an input of its name is its model, and `servers` are the addresses that it is behind.

The configuration of a stage is the keywords of the function of curate.api that it calls, and a few names that are said in the docstrings. Which of them go into `config` and which into `extent` is the recipe's to say; both are read alike.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from curate import api
from curate.engines import EngineSettings, Sampling, open_engine
from curate.engines.fingerprint import fetch
from curate.errors import UsageError
from curate.filters.judge import Settings, calibrate, read_pairs
from curate.filters.judge.settings import PAIR_VOTES
from curate.prompts import bring_in
from curate.report.funnel import share
from curate.rewriting import Rewriting
from curate.running import run_async
from curate.selfmade import DEFAULTS, Writing, write_prompts
from curate.sources import Source, SourceOptions, collect, open_source
from curate.sources.routed import Routed
from curate.stage import Task
from curate.storage import LocalPlace

TRUST = "trust.json"


class Judge(NamedTuple):
    """Who is asked, and how."""

    engine: EngineSettings
    settings: Settings


FOR_A_PLAN = ("known", "rows")  # of a source: how well it is known, and its size


def model(task: Task) -> None:
    """The model in the input `model`, or that of the Hugging Face Hub named by `name` and `revision`, to the output `model`: in the stage's own directory, so that a run can be moved."""
    given = settings(task)
    held = str(task.inputs["model"]) if "model" in task.inputs else given["name"]
    source = Path(fetch(held, given.get("revision")))
    if not source.is_dir():
        raise UsageError(f"there is no model directory {held}")
    target = task.outputs["model"]
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_file():
            shutil.copyfile(path, target / path.name)


def prompts(task: Task) -> None:
    """Prompts of the inputs and of `sources`, to the output `prompts`: each a name as curate prompts takes it, or a mapping of its `name` and fields of SourceOptions (for curate plan also `known` and `rows`). `source` holds SourceOptions of those without their own,
    `routes` the routing of curate/sources/routed.py, `weights` and `limit` are those of curate prompts.
    """
    given = settings(task)
    shared = _source(given)
    listed = [*given.pop("sources", []), *(str(path) for path in task.inputs.values())]
    named = {str(i): _specified(entry, shared) for i, entry in enumerate(listed)}
    source: Source = collect(
        list(named), shared, given.pop("weights", None), given.pop("limit", None), opener=lambda key, chosen: _open(*named[key], chosen)
    )
    routes = given.pop("routes", ())
    for name in given:
        raise UsageError(f"{name} is no setting of a stage of prompts")
    bring_in(Routed(source, routes) if routes else source, str(task.outputs["prompts"]))


def generate(task: Task) -> None:
    """Samples of the model in the input `model` (or named by `model`), of the prompts in `prompts`, verified, to the output `samples`; an input `few_shot` is a file of worked examples."""
    given = {**settings(task), **few_shot(task)}
    model = given.pop("model", None) or str(task.inputs["model"])
    api.generate(str(task.inputs["prompts"]), str(task.outputs["samples"]), model=model, source=_source(given), quiet=True, **tuples(given))


def filter(task: Task) -> None:
    """The samples of all inputs through filters, to the output `samples`; inputs whose names begin with `benchmark` are questions that samples may not overlap with."""
    given = settings(task)
    held = [str(path) for name, path in task.inputs.items() if name.startswith("benchmark")]
    samples = [str(path) for name, path in task.inputs.items() if not name.startswith("benchmark")]
    api.filter(samples, str(task.outputs["samples"]), benchmarks=[*held, *given.pop("benchmarks", [])], **given)


def mix(task: Task) -> None:
    """The samples of all inputs mixed by `quotas`, to the output `samples`."""
    api.mix([str(path) for path in task.inputs.values()], str(task.outputs["samples"]), **settings(task))


def trust(task: Task) -> None:
    """Measure a judge on the pairs of a good and a bad text in the input `pairs`, to the output `trust`: trust.json, which later stages take as their input `trust`.

    Agreement is the share of pairs whose good text the judge finds the better one; a pair without both verdicts is one on which it does not agree. It is trusted from `least` on. `judge` and `asking` as below.
    """
    given = settings(task)
    engine = described(given, task, "judge")
    known = read_pairs(str(task.inputs["pairs"]), ("correctness", "quality"))
    found = run_async(calibrate(open_engine(engine), known, asking_of(given), thorough=False))
    right = sum(m.rates["pairs_wrong"].tries - m.rates["pairs_wrong"].hits for m in found)
    agreed = share(right, len(known))
    report = {
        "judge": found[0].judge,
        "pairs": len(known),
        "right": right,
        "agreement": agreed["value"],
        "low": agreed["low"],
        "high": agreed["high"],
        "least": given["least"],
        "trusted": agreed["value"] >= given["least"],
        "tasks": {m.task: m.as_dict() for m in found},
    }
    task.outputs["trust"].mkdir(exist_ok=True)
    LocalPlace(task.outputs["trust"]).write(TRUST, (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
    task.say(
        f"the judge agrees on {right} of {len(known)} pairs: {'trusted' if report['trusted'] else 'not trusted, so its verdicts are recorded and not used'}"
    )


def judge(task: Task) -> None:
    """Judgements of the samples of the input `samples`, to the output `samples`; `judge` describes the engine (the fields of EngineSettings) and `asking` how it is asked (those of curate.filters.judge.Settings).

    Where an input `trust` says that the judge is not to be trusted, what it says is recorded in the directory `untrusted`, and the engine that `instead` describes decides.
    """
    _judged(task, "samples", api.judge)


def pairs(task: Task) -> None:
    """Preference pairs of the samples of the input `samples`, to the output `pairs`; all else as above, with an even number of votes."""
    _judged(task, "pairs", api.pairs, votes=PAIR_VOTES)


def label(task: Task) -> None:
    """Safety labels of the samples of the input `samples`, to the output `labels`; all else as above."""
    _judged(task, "labels", api.label)


def _judged(task: Task, output: str, ask: Callable[..., Any], **asking: Any) -> None:
    given = settings(task)
    given["asking"] = {**asking, **given.get("asking", {})}
    decides, doubted = judging(given, task)
    if doubted is not None:
        ask(task.inputs["samples"], str(task.directory / "untrusted"), engine=doubted.engine, settings=doubted.settings, **given)
    ask(task.inputs["samples"], str(task.outputs[output]), engine=decides.engine, settings=decides.settings, **given)


def judging(given: dict[str, Any], task: Task) -> tuple[Judge, Judge | None]:
    """Who decides, and the judge that is not to be trusted, if it is not; `judge`, `asking` and `instead` are taken out of the settings.

    Of a judge that is not trusted everything is recorded, so nothing is planted for it. Who decides instead of it is no model and is asked freely, without a schema.
    """
    own, asked, instead = described(given, task, "judge"), asking_of(given), given.pop("instead", None)
    if "trust" not in task.inputs or json.loads((task.inputs["trust"] / TRUST).read_text("utf-8"))["trusted"]:
        return Judge(own, asked), None
    if instead is None:
        raise UsageError("the judge is not to be trusted, and nothing is named that decides `instead` of it")
    return Judge(EngineSettings(**tuples(instead)), replace(asked, reply="free")), Judge(
        own, replace(asked, planted_first=0, planted_every=0)
    )


def rewrite(task: Task) -> None:
    """The samples of the input `samples` in other words, to the output `samples`; `rewriter` describes the engine (the fields of EngineSettings), the rest are the fields of curate.rewriting.Rewriting."""
    given = settings(task)
    engine = described(given, task, "rewriter")
    sampling = given.pop("sampling", None)
    chosen = Rewriting(**given) if sampling is None else Rewriting(sampling=Sampling(**sampling), **given)
    api.rewrite(task.inputs["samples"], str(task.outputs["samples"]), engine=engine, rewriting=chosen)


def synthesise(task: Task) -> None:
    """Prompts about `topics` that a model writes itself, to the output `prompts`; `writer` describes the engine (the fields of EngineSettings), the rest are the fields of curate.selfmade.Writing."""
    given = settings(task)
    engine = described(given, task, "writer")
    sampling = replace(DEFAULTS.sampling, **tuples(given.pop("sampling", {})))
    topics = given.pop("topics")
    made = write_prompts(topics, task.outputs["prompts"], Writing(sampling=sampling, **given), engine)
    left_out = ", ".join(f"{reason} {n:,}" for reason, n in made.skipped.items())
    task.say(f"{made.count:,} prompts{f'; left out: {left_out}' if left_out else ''}")


def few_shot(task: Task) -> dict[str, str]:
    """The input `few_shot` as a keyword, where there is one."""
    return {"few_shot": str(task.inputs["few_shot"])} if "few_shot" in task.inputs else {}


def described(given: dict[str, Any], task: Task, name: str) -> EngineSettings:
    """The engine that `name` of the settings describes, its model being the input of that name where there is one, behind the addresses in `servers` where there are some; both are taken out of the settings."""
    servers = given.pop("servers", None)
    held = {"model": str(task.inputs[name])} if name in task.inputs else {}
    return EngineSettings(**tuples({**held, **given.pop(name), **({"base_urls": servers} if servers else {})}))


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


def _specified(entry: Any, shared: SourceOptions) -> tuple[str, SourceOptions]:
    """A source's name and its options; what a recipe says of it for curate plan alone is left out."""
    if isinstance(entry, str):
        return entry, shared
    own = {name: value for name, value in tuples(entry).items() if name not in FOR_A_PLAN}
    return own.pop("name"), SourceOptions(**own)


def _open(name: str, own: SourceOptions, chosen: SourceOptions) -> Source:
    """A source with its own options, and with the limit that was worked out for it where it has none."""
    return open_source(name, replace(own, limit=own.limit if own.limit is not None else chosen.limit))


def asking_of(given: dict[str, Any]) -> Settings:
    """How a judge is asked, taken from `asking` of the settings."""
    asked = tuples(given.pop("asking", {}))
    sampling = asked.pop("sampling", None)
    return Settings(**asked) if sampling is None else Settings(sampling=Sampling(**sampling), **asked)
