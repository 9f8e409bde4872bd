"""The toolkit from Python, and what the commands call: flat keywords with the names of the command's options, and defaults that run.

import curate

made = curate.generate("reasoning_gym:gcd?size=100", "out", model="models/SmolLM2-135M-Instruct", num_correct=2)
made.dataset.to_pandas(where="completion_tokens < 200")
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from curate.benchmarks import items
from curate.dataset import Dataset, open
from curate.deliver.asking import Asking
from curate.deliver.judged import judge_samples
from curate.deliver.judging import Judged
from curate.deliver.labels import Labelling, make_labels
from curate.deliver.mix import Mixed
from curate.deliver.mix import Options as MixOptions
from curate.deliver.mix import mix as run_mix
from curate.deliver.pairs import Pairing, make_pairs
from curate.deliver.review import Review
from curate.deliver.review import review as run_review
from curate.engines import Engine, EngineSettings, Sampling
from curate.errors import UsageError
from curate.filtering.foreign import Reading
from curate.filtering.job import Dedup, Job, Keep
from curate.filtering.run import Filtered, filter_samples
from curate.filters.chain import DEFAULT
from curate.filters.judge import DEFAULTS as JUDGE_DEFAULTS
from curate.filters.judge import Settings as JudgeSettings
from curate.filters.judge.settings import PAIR_VOTES
from curate.generate import Generated, Options, preview
from curate.generate import generate as run
from curate.prompts import PromptSummary, prompts
from curate.rewriting import DEFAULTS as REWRITING
from curate.rewriting import Rewriting, rewrite_samples
from curate.sampling.budget import Prices
from curate.sources import SourceOptions
from curate.verify import Verified, verify, verify_one

__all__ = [
    "Dataset",
    "Filtered",
    "Generated",
    "Judged",
    "Mixed",
    "Options",
    "PromptSummary",
    "Review",
    "Verified",
    "filter",
    "generate",
    "judge",
    "label",
    "mix",
    "open",
    "options",
    "pairs",
    "preview",
    "prompts",
    "review",
    "rewrite",
    "run",
    "verify",
    "verify_one",
]


def options(
    *,
    model: str,
    engine: str = "vllm",
    base_url: Sequence[str] = (),
    revision: str | None = None,
    tensor_parallel_size: int = 1,
    engine_args: Mapping[str, Any] | None = None,
    chat_template_kwargs: Mapping[str, Any] | None = None,
    extra_body: Mapping[str, Any] | None = None,
    think_tags: tuple[str, str] = ("<think>", "</think>"),
    timeout: float = 3600.0,
    stream: bool = False,
    max_concurrent: int | None = None,
    temperature: float = 0.6,
    top_p: float = 0.95,
    top_k: int = 0,
    min_p: float = 0.0,
    max_tokens: int = 16384,
    stop: Sequence[str] = (),
    logprobs: bool = False,
    source: SourceOptions | None = None,
    price: Sequence[float] | None = None,
    **other: Any,
) -> Options:
    """The options of a run from flat keywords; those that are not named here are fields of curate.generate.Options. `price` is USD per million tokens: input, output and, if wanted, cached input. Raises UsageError for a name that is none."""
    unknown = sorted(set(other) - {f.name for f in fields(Options)})
    if unknown:
        raise UsageError(f"{unknown[0]} is no option of a run that generates")
    return Options(
        EngineSettings(
            kind=engine,
            model=model,
            base_urls=tuple(base_url),
            revision=revision,
            tensor_parallel_size=tensor_parallel_size,
            engine_args=dict(engine_args or {}),
            chat_template_kwargs=dict(chat_template_kwargs or {}),
            extra_body=dict(extra_body or {}),
            think_tags=think_tags,
            timeout=timeout,
            stream=stream,
            max_concurrent=max_concurrent,
        ),
        Sampling(temperature, top_p, top_k, min_p, max_tokens, tuple(stop), logprobs),
        source if source is not None else SourceOptions(),
        prices=None if price is None else Prices(*price),
        **other,
    )


def generate(sources: str | Sequence[str], output: str | Path, **keywords: Any) -> Generated:
    """Sample, verify and publish traces: `options(**keywords)` says how. Raises a CurateError (see curate.errors); Stopped where a budget or a signal ended it and the same call goes on."""
    return run(sources, output, options(**keywords))


def filter(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    filters: Sequence[str] = DEFAULT,
    settings: Mapping[str, Any] | None = None,
    annotate: bool = False,
    dedup: Dedup = "near",
    per_prompt: int | None = None,
    keep: Keep = "first",
    benchmarks: Sequence[str] = (),
    ngram: int = 10,
    rejects: bool = False,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    domain: str | None = None,
    language: str | None = None,
    license: str | None = None,
    mode: str | None = None,
    scorer: Engine | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Filtered:
    """Filter samples into a dataset directory. `filters` are names or import paths; `settings` moves their limits, as FILTER.NAME; `scorer` is an engine that can score, for perplexity. Raises a CurateError (see curate.errors)."""
    job = Job(
        tuple(filters),
        dict(settings or {}),
        Reading(dict(mapping or {}), domain, language, license, mode),
        annotate,
        dedup,
        per_prompt,
        keep,
        items(benchmarks),
        ngram,
        where,
    )
    return filter_samples(inputs, output, job, rejects=rejects, scorer=scorer, workers=workers, overwrite=overwrite, quiet=quiet)


def mix(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    quotas: Mapping[str, int] | None = None,
    total: int | None = None,
    per_prompt: int | None = None,
    validation: float = 0.0,
    seed: int = 0,
    rejects: bool = False,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Mixed:
    """Mix samples into one set, with `quotas` by domain (`pipelines.mixtures.R1` for one). Raises a CurateError (see curate.errors)."""
    options = MixOptions(quotas, total, per_prompt, validation, seed, rejects, where)
    return run_mix(inputs, output, options, reading=Reading(dict(mapping or {})), overwrite=overwrite)


def review(
    path: str | Path, *, benchmarks: Sequence[str] = (), sample: int = 500, seed: int = 0, mapping: Mapping[str, str] | None = None
) -> Review:
    """What should be known of a set before it is trained on, as lines of PASS, WARN, FAIL and NOT CHECKED. Raises UsageError where there is nothing to read."""
    return run_review(path, benchmarks=benchmarks, sample=sample, seed=seed, reading=Reading(dict(mapping or {})))


def judge(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    tasks: Sequence[str],
    engine: EngineSettings,
    settings: JudgeSettings = JUDGE_DEFAULTS,
    rubric: str | None = None,
    everything: bool = False,
    min_quality: float = 5.0,
    rejects: bool = False,
    where: str | None = None,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Have a model judge samples: `tasks` are correctness, mixed_language, long_paragraph, code_block and quality. An engine `given` takes the place of the one described. Raises a CurateError (see curate.errors)."""
    names = [str(i) for i in ([inputs] if isinstance(inputs, (str, Path)) else inputs)]
    asking = Asking(tuple(tasks), rubric, everything, min_quality, rejects, where)
    return judge_samples(names, output, asking, engine, settings, given=given, overwrite=overwrite, quiet=quiet)


def pairs(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    engine: EngineSettings,
    settings: JudgeSettings | None = None,
    pairs_per_prompt: int = 1,
    margin: float = 1.0,
    balance_lengths: bool = True,
    rubric: str | None = None,
    rejects: bool = False,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Have a model compare the samples of each prompt, in both orders, into preference pairs. An engine `given` takes the place of the one described. Raises a CurateError (see curate.errors)."""
    names = [str(i) for i in ([inputs] if isinstance(inputs, (str, Path)) else inputs)]
    pairing = Pairing(pairs_per_prompt, margin, balance_lengths, rubric, rejects, where)
    settings = settings if settings is not None else JudgeSettings(votes=PAIR_VOTES)
    reading = Reading(dict(mapping or {}))
    return make_pairs(names, output, pairing, engine, settings, reading=reading, given=given, overwrite=overwrite, quiet=quiet)


def label(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    engine: EngineSettings,
    settings: JudgeSettings = JUDGE_DEFAULTS,
    rubric: str | None = None,
    rejects: bool = False,
    where: str | None = None,
    mapping: Mapping[str, str] | None = None,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Have a model label samples safe or unsafe by a rubric; `settings.agreement` is the share of votes that must say the same. An engine `given` takes the place of the one described. Raises a CurateError (see curate.errors)."""
    names = [str(i) for i in ([inputs] if isinstance(inputs, (str, Path)) else inputs)]
    labelling, reading = Labelling(rubric, rejects, where), Reading(dict(mapping or {}))
    return make_labels(names, output, labelling, engine, settings, reading=reading, given=given, overwrite=overwrite, quiet=quiet)


def rewrite(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    engine: EngineSettings,
    rewriting: Rewriting = REWRITING,
    given: Engine | None = None,
    overwrite: bool = False,
    quiet: bool = True,
) -> Judged:
    """Have a model rewrite the chains of samples, verified again. An engine `given` takes the place of the one described. Raises a CurateError (see curate.errors)."""
    names = [str(i) for i in ([inputs] if isinstance(inputs, (str, Path)) else inputs)]
    return rewrite_samples(names, output, rewriting, engine, given=given, overwrite=overwrite, quiet=quiet)
