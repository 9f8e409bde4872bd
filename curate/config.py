"""What a run's directory was made with. Fields are of two kinds, listed here and nowhere else.

*Identity* says what the rows are: another identity in the same directory is refused, naming the fields. *Extent* says how many of them there are and how they were made: another extent continues,
reuses every completion and republishes only the shards that it changes. Nothing that differs from run to run (times, hosts) is in either.
"""

import json
from collections.abc import Mapping
from os import PathLike
from typing import Any, NamedTuple

from curate.errors import IdentityMismatch, StoreError, UsageError
from curate.records import SCHEMA_VERSION
from curate.storage import Place, at

IDENTITY = {
    "engine": "engine kind",
    "model": "model name",
    "model_revision": "fingerprint of the weights, or resolved revision",
    "template": "prompt template with its version",
    "system_prompt": "--system-prompt",
    "sampling": "temperature, top-p, top-k, min-p, max tokens, stop, logprobs",
    "seed": "--seed",
    "prefill": "--prefill",
    "think_tags": "--think-tags",
    "chat_template_kwargs": "--chat-template-kwargs",
    "extra_body": "--extra-body",
    "engine_args": "those --engine-arg that change what the model computes",
    "continue_truncated": "--continue-truncated",
    "accept": "--accept",
    "verifiers": "versions of the verifiers",
    "filters": "the filters with their versions, limits and settings",
    "metrics": "columns that the filters fill",
    "annotate": "--annotate: every row stays in kept/",
    "dedup": "--dedup",
    "per_prompt": "--per-prompt and --keep",
    "benchmarks": "what the samples were decontaminated against, with n-gram length and content",
    "where": "--where",
    "map": "--map, and values given for all rows",
    "scorer": "the model that perplexity is of",
    "judge": "the judge, what it was asked and how",
    "rewriter": "the model that rewrote the samples, and how it was asked",
    "quotas": "samples wanted of each domain",
    "validation": "share of prompts that is held out",
    "rewards": "--rewards: the parts of a reward and their weights",
    "group_size": "samples of a prompt that are held against each other",
}
EXTENT = {
    "prompts": "fingerprint of the prompt set",
    "n_prompts": "prompts",
    "max_samples": "-n",
    "num_correct": "--num-correct",
    "give_up_tokens": "--give-up-tokens",
    "tokens_per_sample": "what a sample is taken to cost in the give-up rule",
    "open_samples": "--open-samples",
    "tail_width": "how waves widen once no prompt is left to start",
    "min_pass_rate": "--min-pass-rate",
    "prompts_per_shard": "--prompts-per-shard",
    "inputs": "what was filtered, with the settings that made it",
    "input": "fingerprint of the input",
    "units": "parts that the input was cut into",
    "pairs_per_prompt": "--pairs-per-prompt",
    "margin": "--margin",
    "balance_lengths": "--balance-lengths",
    "agreement": "--agreement",
}
# Engine arguments that change what is computed; the others (memory, parallelism, scheduling) are extent and are not recorded.
COMPUTING_ENGINE_ARGS = frozenset(
    {
        "dtype",
        "quantization",
        "kv_cache_dtype",
        "hf_overrides",
        "max_model_len",
        "tokenizer",
        "tokenizer_revision",
        "revision",
        "rope_scaling",
        "rope_theta",
        "enable_lora",
        "chat_template",
    }
)


LONG = 60  # characters of a value that are shown


class Config(NamedTuple):
    """The configuration of a directory."""

    kind: str  # samples | prompts
    identity: Mapping[str, Any]
    extent: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """As written to config.json."""
        return {"schema_version": SCHEMA_VERSION, "kind": self.kind, "identity": dict(self.identity), "extent": dict(self.extent)}

    def as_json(self) -> str:
        """The text of config.json."""
        return json.dumps(self.as_dict(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def read_config(directory: str | PathLike[str] | Place) -> Config | None:
    """The configuration in a directory, None where there is none. Raises StoreError for a file that is none of ours or of another schema version."""
    place = at(directory)
    try:
        text = place.read("config.json")
        if text is None:
            return None
        found = json.loads(text.decode("utf-8"))
        version = found["schema_version"]
        config = Config(found["kind"], found["identity"], found["extent"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{place}/config.json is not a configuration of r1-curate; give another directory") from error
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"{place} has schema version {version}, this release reads {SCHEMA_VERSION}: use the release that made it, or another directory"
        )
    return config


def compare(directory: object, found: Config, wanted: Config) -> None:
    """Raise IdentityMismatch where `wanted` would make other rows than those in the directory."""
    if found.kind != wanted.kind:
        raise IdentityMismatch(f"{directory} holds {found.kind}, not {wanted.kind}: give another directory")
    fields = sorted(set(found.identity) | set(wanted.identity))
    other_filters = found.identity.get("filters") != wanted.identity.get("filters")
    differ = [
        f"{f} ({_difference(found.identity.get(f), wanted.identity.get(f))})"
        for f in fields
        if found.identity.get(f) != wanted.identity.get(f) and not (f == "metrics" and other_filters)  # they follow from these
    ]
    if differ:
        raise IdentityMismatch(
            f"{directory} was made with another configuration: {'; '.join(differ)}. Give another directory, or --overwrite to start again"
        )


def _difference(there: Any, now: Any) -> str:
    """How two values differ: large objects by the names that do."""
    if isinstance(there, Mapping) and isinstance(now, Mapping) and max(len(json.dumps(v, ensure_ascii=False)) for v in (there, now)) > LONG:
        names = [str(n) for n in sorted({*there, *now}) if there.get(n) != now.get(n)]
        return f"in {', '.join(names[:5])}{f' and {len(names) - 5} more' if len(names) > 5 else ''}"
    return f"{_short(there)} there, {_short(now)} now"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONG else text[:57] + "..."


def checked(kind: str, identity: Mapping[str, Any], extent: Mapping[str, Any]) -> Config:
    """A configuration of a run; every field must be listed above, so that none is left out of the comparison unseen."""
    unknown = [f for f in (*identity, *extent) if f not in IDENTITY and f not in EXTENT]
    if unknown:
        raise UsageError(f"not a configuration field: {', '.join(unknown)}")
    return Config(kind, identity, extent)
