"""`curate generate` as a function: prompts in, a directory of verified traces out.

The order of work: prompts are brought in and sorted, configuration is compared with what the directory holds, then the sampler runs over the shards that are missing. An engine is started when the first
completion is needed that is not in the log, so a run that only has to publish again never loads a model.
"""

import asyncio
import json
import secrets
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate import sandbox
from curate.completions import Completions
from curate.config import COMPUTING_ENGINE_ARGS, Config, checked, compare, read_config
from curate.dataset import Dataset
from curate.engines import Engine, EngineSettings, Request, Sampling, open_engine, require
from curate.errors import CurateError, EngineError, StoreError, UsageError
from curate.filters import CHEAP
from curate.ingest import Ingested, ingest, read_prompts
from curate.report.card import card
from curate.report.funnel import merge, statistics
from curate.report.progress import Progress
from curate.running import run_async
from curate.sampling.budget import Budget, Prices
from curate.sampling.judge import Reading
from curate.sampling.keys import seed_of
from curate.sampling.policy import Policy, smallest_credible
from curate.sampling.publish import Made
from curate.sampling.run import Plan, Run, Tally
from curate.sampling.signals import Signals
from curate.shards import Directory, manifests, ranges
from curate.shipping import shipping_of
from curate.sources import Source, SourceOptions, collect
from curate.storage import Place
from curate.templates import Template, read_examples
from curate.verifiers import version
from curate.verifiers.pool import VerifierPool

TOKENS_PER_SAMPLE_SHARE = 0.25  # of max_tokens: what a sample is taken to cost in the give-up rule (R1's traces: a mean of 5.4k tokens under a limit of 32k, arXiv 2501.12948, Table 5)


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that `curate generate` can be told, with defaults that run."""

    engine: EngineSettings
    sampling: Sampling = field(default_factory=Sampling)
    source: SourceOptions = field(default_factory=SourceOptions)
    weights: Sequence[float] | None = None
    limit: int | None = None
    num_generations: int = 16
    num_correct: int | None = 1  # None: all
    give_up_tokens: int | None = None
    min_pass_rate: float = 0.0
    accept: Sequence[str] = ("truncated",)
    template: str = "chat"
    system_prompt: str | None = None
    few_shot: str | None = None
    prefill: str = ""
    continue_truncated: bool = False
    seed: int = 0
    budget_tokens: int | None = None
    budget_minutes: float | None = None
    budget_usd: float | None = None
    prices: Prices | None = None
    prompts_per_shard: int = 1024
    tail_width: int = 1
    open_samples: int = 1
    overwrite: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        for name, wrong in (
            ("num_generations", self.num_generations < 1),
            ("num_correct", self.num_correct is not None and self.num_correct < 1),
            ("max_tokens", self.sampling.max_tokens < 1),
            ("temperature", self.sampling.temperature < 0),
            ("top_p", not 0 < self.sampling.top_p <= 1),
            ("min_pass_rate", not 0 <= self.min_pass_rate <= 1),
            ("prompts_per_shard", self.prompts_per_shard < 1),
            ("tail_width", self.tail_width < 1),
            ("open_samples", self.open_samples < 1),
            ("max_concurrent", self.engine.max_concurrent is not None and self.engine.max_concurrent < 1),
        ):
            if wrong:
                raise UsageError(f"--{name.replace('_', '-')} is out of range")
        unknown = [name for name in self.accept if name not in CHEAP]
        if unknown:
            raise UsageError(f"unknown filter {unknown[0]!r} in --accept: there are {', '.join(CHEAP)}")
        if self.num_correct is not None and self.num_correct > self.num_generations:
            raise UsageError(f"--num-correct {self.num_correct} can never be reached with -n {self.num_generations}")
        if self.budget_usd is not None and self.prices is None:
            raise UsageError("--budget-usd needs --price IN OUT, in USD per million tokens")


@dataclass(frozen=True, slots=True)
class Generated:
    """What a call of `generate` did, and the dataset that it made."""

    dataset: Dataset
    tally: Tally
    prompts: int
    duplicates: int
    skipped: Mapping[str, int]
    warnings: Sequence[str]
    refused: str = ""  # a sentence, where prompts were refused: the rest is finished


class LazyEngine:
    """The engine, started at the first request; kind and capabilities are known before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._started: asyncio.Task[None] | None = None
        self.kind = engine.kind
        self.capabilities = engine.capabilities
        self.max_concurrent = engine.max_concurrent
        self.identity = engine.identity
        self.preview = engine.preview

    async def start(self) -> None:
        if self._started is None:
            self._started = asyncio.create_task(self._engine.start())
        await asyncio.shield(self._started)

    async def complete(self, request: Request) -> Any:
        if self._started is None or not self._started.done():
            await self.start()
        return await self._engine.complete(request)

    async def close(self) -> None:
        """A start that is still going on is given up: an interrupt need not wait for a model to load."""
        if self._started is not None and not self._started.done():
            self._started.cancel()
            await asyncio.gather(self._started, return_exceptions=True)
        await self._engine.close()


def generate(sources: str | Sequence[str], output: str | PathLike[str], options: Options, engine: Engine | None = None) -> Generated:
    """Sample, verify and publish. Works with or without a running event loop (in a notebook it runs in a thread of its own). An `engine` given takes the place of the one that the options describe.

    Raises a CurateError: UsageError for what was asked wrongly, EngineError, also where prompts were refused and the rest is finished, StoreError, or Stopped (exit code 3) where a budget or a signal ended it and the same call goes on.
    """
    names = [sources] if isinstance(sources, str) else list(sources)
    made = sample(collect(names, options.source, options.weights, options.limit), output, options, engine)
    if made.refused:
        raise EngineError(made.refused)
    return made


def sample(source: Source, output: str | PathLike[str], options: Options, engine: Engine | None = None) -> Generated:
    """As `generate`, from a source that is open already, so that what the options say of sources is not read; and prompts that were refused are no error: the caller looks at `refused`."""
    return run_async(_generate(source, output, options, engine))


def _template(options: Options) -> Template:
    return Template(options.template, options.system_prompt, read_examples(options.few_shot) if options.few_shot else ())


def _policy(options: Options) -> Policy:
    tokens = max(1, int(options.sampling.max_tokens * TOKENS_PER_SAMPLE_SHARE))
    return Policy(options.num_generations, options.num_correct, options.give_up_tokens, tokens, options.tail_width)


def _checked_engine(options: Options, template: Template, given: Engine | None = None) -> Engine:
    engine = given if given is not None else open_engine(options.engine)
    if template.name == "r1-zero":
        require(engine, "text")
    if options.prefill:
        require(engine, "prefill")
    if options.continue_truncated:
        require(engine, "continue")
    if options.sampling.logprobs:
        require(engine, "logprobs")
    return engine


def _kinds(prompts: Path) -> tuple[dict[str, str], set[float], int]:
    """The versions of the verifiers and the chance levels among the prompts, and how many are for a judge."""
    table = pq.read_table(prompts, columns=["accept", "verifier", "chance"])
    judged = pa.compute.sum(pa.compute.equal(table["accept"], "judged")).as_py() or 0
    verified = table.filter(pa.compute.equal(table["accept"], "verified"))
    names = set(pa.compute.unique(verified["verifier"]).to_pylist())
    if None in names:
        raise UsageError("some prompts are to be verified but name no verifier: give --verifier NAME")
    return {name: version(name) for name in sorted(names)}, set(pa.compute.unique(table["chance"]).to_pylist()), judged


def _config(options: Options, engine: Engine, template: Template, policy: Policy, verifiers: Mapping[str, str], found: Ingested) -> Config:
    settings = options.engine
    return checked(
        "samples",
        {
            "engine": engine.kind,
            **engine.identity(),
            "template": template.label,
            "system_prompt": options.system_prompt,
            "sampling": options.sampling.as_dict(),
            "seed": options.seed,
            "prefill": options.prefill,
            "think_tags": list(settings.think_tags),
            "chat_template_kwargs": dict(settings.chat_template_kwargs),
            "extra_body": dict(settings.extra_body),
            "engine_args": {k: v for k, v in settings.engine_args.items() if k in COMPUTING_ENGINE_ARGS},
            "continue_truncated": options.continue_truncated,
            "accept": sorted(options.accept),
            "verifiers": dict(verifiers),
        },
        {
            "prompts": found.fingerprint,
            "n_prompts": found.count,
            "max_samples": policy.max_samples,
            "num_correct": policy.num_correct,
            "give_up_tokens": policy.give_up_tokens,
            "tokens_per_sample": policy.tokens_per_sample,
            "tail_width": policy.tail_width,
            **({"open_samples": options.open_samples} if options.open_samples != 1 else {}),
            "min_pass_rate": options.min_pass_rate,
            "prompts_per_shard": options.prompts_per_shard,
        },
    )


def describe(place: Place, config: Config, *, complete: bool, ignored: Mapping[str, str] | None = None) -> None:
    """Write stats.json and README.md from the manifests. `ignored`: settings that a server did not take, with its reasons."""
    stats = statistics(merge(m["funnel"] for m in manifests(place)))
    if ignored:
        stats["ignored_by_the_server"] = dict(ignored)
    place.write("stats.json", (json.dumps(stats, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    place.write("README.md", card(config.as_dict(), stats, complete).encode())


async def _generate(source: Source, output: str | PathLike[str], options: Options, given: Engine | None) -> Generated:
    directory = Directory(output, "samples")
    place = directory.place
    template = _template(options)
    policy = _policy(options)
    engine = _checked_engine(options, template, given)
    with directory:
        before = None if options.overwrite else read_config(place)
        place.pull("input")
        found = ingest(source, place.scratch / "input")
        verifiers, chances, judged = _kinds(found.path)
        if "code" in verifiers:
            sandbox.tier()  # before a model is loaded: without a sandbox nothing could be judged
        config = _config(options, engine, template, policy, verifiers, found)
        if options.overwrite:
            directory.wipe()
        if before is not None:
            compare(place, before, config)
        warnings = _warnings(policy, chances, judged)
        ids = pq.read_table(found.path, columns=["id"])["id"].combine_chunks()
        shards = ranges(ids, options.prompts_per_shard)
        directory.configure(config)
        place.push("input")
        if place.size("_SUCCESS") is not None and all(directory.manifest(s.name) for s in shards):
            place.clear()
            return _finished(place, Tally(prompts_done=found.count, shards_reused=len(shards)), found, warnings)
        directory.collect_garbage([s.name for s in shards])
        describe(place, config, complete=False)
        made = Made(
            config.identity, "seed" in engine.capabilities, options.min_pass_rate, Reading(options.engine.think_tags, options.prefill)
        )
        plan = Plan(
            found.path,
            shards,
            policy,
            options.sampling,
            template,
            options.accept,
            made,
            dict(config.extent),
            options.engine.max_concurrent or engine.max_concurrent,
            options.continue_truncated,
            options.open_samples,
        )
        try:
            tally = await _sample(plan, engine, directory, options, found.count)
        except CurateError as error:
            if place.local is not None or not isinstance(error, StoreError):  # a store that is away would only be waited for once more
                with suppress(OSError, StoreError):  # the disk may be what failed; the error that stopped the run is the one to show
                    describe(place, config, complete=False)
            raise
        ignored: Mapping[str, str] = getattr(engine, "ignored", {})
        warnings += [f"the server did not take {name}: {reason}" for name, reason in ignored.items()]
        describe(place, config, complete=True, ignored=ignored)
        directory.finish()
        place.clear()
    return _finished(place, tally, found, warnings)


def _finished(place: Place, tally: Tally, found: Ingested, warnings: Sequence[str]) -> Generated:
    """What a finished run gives back."""
    dataset = Dataset(place)
    n = dataset.stats["funnel"]["stop_reasons"].get("refused", 0)
    first = f" (the first: {tally.first_refusal})" if tally.first_refusal else ""
    refused = (
        f"{n} of {found.count} prompts were refused and stand in rejects/ with the reason{first}; everything else is finished in {place}"
    )
    return Generated(dataset, tally, found.count, found.duplicates, found.skipped, warnings, refused if n else "")


def _warnings(policy: Policy, chances: set[float], judged: int) -> list[str]:
    warnings = [
        f"prompts with chance level {chance:g} need {needed} right samples to be told from guessing, and -n is {policy.max_samples}: nothing of them can be kept"
        for chance in sorted(chances)
        if 0.0 < chance < 1.0 and (needed := smallest_credible(chance)) > policy.max_samples
    ]
    if judged:
        warnings.append(
            f"{judged:,} prompts are for a judge: all their samples wait in rejects/, for curate judge DIR -o OUT --rejects --task correctness"
        )
    return warnings


async def _sample(plan: Plan, engine: Engine, directory: Directory, options: Options, total: int) -> Tally:
    budget = Budget(options.budget_tokens, options.budget_minutes, options.budget_usd, options.prices)
    dropped: int | None = getattr(engine, "cancelled_tokens", None)
    async with AsyncExitStack() as stack:
        progress = Progress(
            total, sys.stderr, quiet=options.quiet, wanted=None if plan.policy.num_correct is None else plan.policy.num_correct * total
        )
        stack.callback(progress.close)
        shipping = shipping_of(directory.place)
        if shipping is not None:
            stack.callback(shipping.close)
        store = Completions(directory.place.scratch / "completions", tag="" if shipping is None else f"-{secrets.token_hex(4)}")
        stack.callback(store.close)
        pool = await stack.enter_async_context(VerifierPool())
        lazy = LazyEngine(engine)
        stack.push_async_callback(lazy.close)
        run = Run(plan, lazy, pool, store, directory, budget, progress, None if shipping is None else shipping.flush)
        if shipping is not None:
            loop = asyncio.get_running_loop()
            shipping.start(store, lambda error: loop.call_soon_threadsafe(run.fail, error))
        with Signals(run.stop, sys.stderr):
            tally = await run.run()
    if dropped is not None:  # the count is complete once the engine is closed
        tally.cancelled_tokens = getattr(engine, "cancelled_tokens", dropped) - dropped
    return tally


def preview(sources: str | Sequence[str], options: Options) -> tuple[str, dict[str, int]]:
    """One prompt exactly as it would be sent, and the counts of a run; nothing is sent and nothing is written."""
    names = [sources] if isinstance(sources, str) else list(sources)
    template = _template(options)
    policy = _policy(options)
    engine = _checked_engine(options, template)
    with tempfile.TemporaryDirectory() as work:
        found = ingest(collect(names, options.source, options.weights, options.limit), Path(work))
        _kinds(found.path)
        prompt = next(read_prompts(found.path))
    asked = template.ask(prompt)
    seed = seed_of(options.seed, prompt.id, 0) if "seed" in engine.capabilities else None

    async def show() -> str:
        try:
            return await engine.preview(Request(prompt.id, 0, options.sampling, seed, asked.messages, asked.text, options.prefill))
        finally:
            await engine.close()

    text = run_async(show())
    return text, {
        "prompts": found.count,
        "duplicates dropped": found.duplicates,
        "requests, at least": found.count
        * (policy.max_samples if policy.num_correct is None else min(policy.num_correct, policy.max_samples)),
        "requests, at most": found.count * policy.max_samples,
        "output tokens, at most": found.count * policy.max_samples * options.sampling.max_tokens,
    }
