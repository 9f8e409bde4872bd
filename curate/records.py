"""The records of the toolkit and their Arrow schemas: the one place that knows a column's name and says what it means.

A record is a frozen dataclass; each field carries its Arrow type and its description, and the schema is built from them, so the two cannot drift. Text that has no fixed
shape (a source's own metadata, the sampling settings) is kept as canonical JSON in a string column: an inferred struct would change its type with the first row.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import pyarrow as pa

SCHEMA_VERSION = 3

Role = Literal["system", "user", "assistant"]
Status = Literal["correct", "wrong", "no_answer", "unparsable_gold", "unverifiable", "verifier_timeout", "verifier_crash"]
DECIDED: frozenset[str] = frozenset(
    {"correct", "wrong", "no_answer"}
)  # the statuses that say something about the sample; the others say something about our checker or the gold
Accept = Literal["verified", "judged", "finished"]
Mode = Literal["think", "plain"]
Chain = Literal["full", "summary", "hidden", "none"]

MESSAGES = pa.list_(
    pa.field(
        "item", pa.struct([pa.field("role", pa.string(), nullable=False), pa.field("content", pa.string(), nullable=False)]), nullable=False
    )
)
NAMED_VALUES = pa.list_(
    pa.field("item", pa.struct([pa.field("name", pa.string(), nullable=False), pa.field("value", pa.float64())]), nullable=False)
)
STRINGS = pa.list_(pa.field("item", pa.string(), nullable=False))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text, so it can be hashed and compared."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def digest(value: Any, length: int = 32) -> str:
    """The first `length` hex digits of the sha256 of `value`'s canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()[:length]


def column(arrow_type: pa.DataType, description: str, *, nullable: bool = False, **default: Any) -> Any:
    """A dataclass field that is also an Arrow column."""
    return field(metadata={"type": arrow_type, "description": description, "nullable": nullable}, **default)


def arrow_fields(record: type) -> Iterator[pa.Field]:
    for f in fields(record):
        if "type" in f.metadata:
            yield pa.field(f.name, f.metadata["type"], nullable=f.metadata["nullable"], metadata={"description": f.metadata["description"]})


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question and how its answer is checked. Build it with `make_prompt`, which gives it its id."""

    id: str = column(pa.string(), "hash of messages, verifier and gold, nothing else: 32 hex digits")
    messages: tuple[Message, ...] = column(MESSAGES, "the conversation that the model is asked to continue")
    language: str | None = column(pa.string(), "language of the question, ISO 639-1, where the source says it", nullable=True, default=None)
    domain: str = column(pa.string(), "math, code, stem, logic or general, or the source's own word", default="general")
    accept: Accept = column(
        pa.string(), "who decides: verified (a rule), judged (an engine), finished (nothing to check)", default="verified"
    )
    verifier: str | None = column(pa.string(), "name or import path of the verifier", nullable=True, default=None)
    gold: str | None = column(pa.string(), "the right answer, as text or as the verifier's own JSON", nullable=True, default=None)
    chance: float = column(
        pa.float64(), "probability that a guess is right: 0.25 with four options, 0 where guessing is hopeless", default=0.0
    )
    mode: Mode = column(pa.string(), "think: an answer with a chain of thought is wanted; plain: none", default="think")
    meta: str = column(pa.string(), "what else the source says, as JSON", default="{}")
    source: str = column(pa.string(), "where the prompt is from: a data set, a file or a generator with its task", default="")
    source_id: str | None = column(pa.string(), "the prompt's name at its source", nullable=True, default=None)
    source_revision: str | None = column(pa.string(), "commit, content hash or version of the source", nullable=True, default=None)
    license: str | None = column(pa.string(), "licence of the prompt, where the source says it", nullable=True, default=None)


def prompt_id(messages: tuple[Message, ...], verifier: str | None, gold: str | None) -> str:
    """The id of a prompt: what is asked and what is right, whatever file or order it came in."""
    return digest([[[m.role, m.content] for m in messages], verifier, gold])


def make_prompt(messages: tuple[Message, ...] | str, *, verifier: str | None = None, gold: str | None = None, **other: Any) -> Prompt:
    """A prompt with its id. A plain string is one user turn. `accept` is `finished` where no verifier is named, unless given."""
    turns = (Message("user", messages),) if isinstance(messages, str) else messages
    other.setdefault("accept", "verified" if verifier else "finished")
    return Prompt(id=prompt_id(turns, verifier, gold), messages=turns, verifier=verifier, gold=gold, **other)


def prompt_row(prompt: Prompt) -> dict[str, Any]:
    """The prompt as a row of the `prompts` schema."""
    row = {f.name: getattr(prompt, f.name) for f in fields(Prompt)}
    row["messages"] = [{"role": m.role, "content": m.content} for m in prompt.messages]
    return row


def prompt_from_row(row: Mapping[str, Any]) -> Prompt:
    """The prompt that a row of `prompts` (or an outcome, which has the same columns) describes."""
    values = {f.name: row[f.name] for f in fields(Prompt)}
    values["messages"] = tuple(Message(m["role"], m["content"]) for m in values["messages"])
    return Prompt(**values)


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine returned for one request. `error` is set, and `text` empty, where the request was refused for what it says."""

    text: str
    finish_reason: str  # stop | length | content_filter | error
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0  # of the prompt's tokens, those that a server says it had cached
    reasoning: str | None = None  # only where the server split the chain off; otherwise the chain is inside `text`
    reasoning_tokens: int | None = None  # where a server counts them: shows a hidden or summarised chain
    token_ids: tuple[int, ...] | None = None
    logprobs: tuple[float, ...] | None = None
    weights_version: str | None = None
    served_model: str | None = None  # the model's name as the server reports it
    opened: bool = False  # the prompt, as the engine rendered it, ended with the chain's opening tag
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion as verifiers and filters see it: the raw text and its two parts."""

    text: str
    reasoning: str | None
    response: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier says of a sample. `score` is None exactly where the sample could not be judged: that is never the same as wrong."""

    status: Status = column(
        pa.string(), "correct, wrong, no_answer; or could not be judged: unparsable_gold, unverifiable, verifier_timeout, verifier_crash"
    )
    score: float | None = column(
        pa.float64(),
        "1 for correct, partial credit below 1 where the verifier gives it; null where nothing was judged",
        nullable=True,
        default=None,
    )
    reason: str = column(pa.string(), "why, in a few words", default="")
    extracted: str | None = column(pa.string(), "the answer as it was read from the response", nullable=True, default=None)
    verifier: str = column(pa.string(), "name or import path of the verifier", default="")
    verifier_version: str = column(pa.string(), "version of the verifier's rules", default="")
    detail: str | None = column(
        pa.string(),
        "what else the verifier found, as JSON: tests run and passed with the sandbox's tier, results by constraint",
        nullable=True,
        default=None,
    )

    @property
    def decided(self) -> bool:
        """Whether the sample itself was judged."""
        return self.status in DECIDED


VERDICT = pa.struct([f.remove_metadata() for f in arrow_fields(Verdict)])


def _struct(*columns: tuple[str, pa.DataType, bool]) -> pa.DataType:
    return pa.struct([pa.field(name, kind, nullable=nullable) for name, kind, nullable in columns])


JUDGEMENT = _struct(
    ("judge", pa.string(), False),
    ("template", pa.string(), False),
    ("verdict", pa.string(), True),
    ("score", pa.float64(), True),
    ("reason", pa.string(), False),
    ("decided_by", pa.string(), False),  # judge, rule or nobody
    ("votes", STRINGS, False),  # each a verdict, a number, or none:reason
)
COMPARISON = _struct(
    ("chosen", pa.float64(), True),
    ("rejected", pa.float64(), True),
    ("chosen_first", pa.bool_(), False),
    ("reason", pa.string(), False),  # why there are no scores
)
CONTAMINATION = _struct(
    ("benchmark", pa.string(), False),
    ("item", pa.string(), False),
    ("part", pa.string(), False),
    ("match", pa.string(), True),
    ("similarity", pa.float64(), True),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion of a prompt with everything that was found out about it. A row also carries the prompt's columns: it stands alone."""

    prompt: Prompt
    id: str = column(pa.string(), "prompt id and sample index")
    prompt_id: str = column(pa.string(), "the prompt's id")
    sample_index: int = column(pa.int32(), "which of the prompt's samples this is, from 0")
    completion: str = column(pa.string(), "the text as the model wrote it, tags included")
    reasoning: str | None = column(pa.string(), "the chain of thought; null where there is none", nullable=True)
    response: str = column(pa.string(), "what the user sees")
    chain: Chain = column(pa.string(), "full, summary or hidden (a server kept the chain to itself) or none")
    finish_reason: str = column(
        pa.string(), "stop, length (cut off), content_filter, error, or unknown, where somebody else's set does not say"
    )
    prompt_tokens: int = column(pa.int32(), "tokens of the prompt as sent")
    completion_tokens: int = column(pa.int32(), "tokens generated, those of a continuation included")
    seed: int | None = column(pa.int64(), "the request's seed; null where the engine takes none", nullable=True)
    engine: str = column(pa.string(), "vllm, openai, transformers or scripted")
    model: str = column(pa.string(), "the model's name")
    model_revision: str | None = column(pa.string(), "fingerprint of the weights or the resolved revision", nullable=True)
    template: str = column(pa.string(), "prompt template and its version")
    sampling: str = column(pa.string(), "sampling settings, as JSON")
    verdict: Verdict = column(VERDICT, "what the verifier says")
    parent_id: str | None = column(pa.string(), "the sample that this one is a rewriting of", nullable=True, default=None)
    judgements: tuple[Mapping[str, Any], ...] = column(
        pa.list_(pa.field("item", JUDGEMENT, nullable=False)), "what judge models said", default=()
    )
    drop_reasons: tuple[str, ...] = column(STRINGS, "why the sample is not kept; empty for kept rows", default=())
    token_ids: tuple[int, ...] | None = column(
        pa.list_(pa.field("item", pa.int32(), nullable=False)), "the tokens generated, where asked for", nullable=True, default=None
    )
    logprobs: tuple[float, ...] | None = column(
        pa.list_(pa.field("item", pa.float32(), nullable=False)),
        "log-probability of each token under the sampling distribution",
        nullable=True,
        default=None,
    )
    rewards: tuple[tuple[str, float | None], ...] | None = column(
        NAMED_VALUES,
        "reward parts, for reinforcement learning, and their weighted sum as `total`; null where it could not be judged",
        nullable=True,
        default=None,
    )
    group_id: str | None = column(pa.string(), "the group that the sample's advantage was computed in", nullable=True, default=None)
    weights_version: str | None = column(pa.string(), "which weights of a model in training wrote it", nullable=True, default=None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a prompt. A row also carries the prompt's columns, so outcomes are prompts again."""

    prompt: Prompt
    n_sampled: int = column(pa.int32(), "samples that count: indices up to the prompt's end")
    n_correct: int = column(pa.int32(), "of these, judged correct")
    n_wrong: int = column(pa.int32(), "of these, judged wrong or without an answer")
    n_undecided: int = column(pa.int32(), "of these, not judged: no statement about the model")
    n_accepted: int = column(pa.int32(), "of the correct ones, those that also pass the cheap filters of --accept")
    n_kept: int = column(pa.int32(), "rows in kept/")
    tokens: int = column(pa.int64(), "tokens generated for the samples that count")
    pass_rate: float | None = column(
        pa.float64(),
        "unbiased estimate of the share of accepted samples under the stopping rule; null where nothing was judged",
        nullable=True,
    )
    pass_rate_low: float | None = column(pa.float64(), "lower end of its 95 % interval", nullable=True)
    pass_rate_high: float | None = column(pa.float64(), "upper end of its 95 % interval", nullable=True)
    stop_reason: str = column(pa.string(), "enough, max_samples, gave_up, at_chance or refused (the prompt could not be asked)")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt, and which of them a judge likes better. A row also carries the prompt's columns. Without scores `chosen` is the one whose id is smaller; such a row is rejected."""

    prompt: Prompt
    id: str = column(pa.string(), "prompt id and a hash of the two samples' ids")
    prompt_id: str = column(pa.string(), "the prompt's id")
    chosen: str = column(pa.string(), "the better answer as the model wrote it, tags included")
    chosen_reasoning: str | None = column(
        pa.string(), "its chain of thought, which the judge is not shown; null without one", nullable=True
    )
    chosen_response: str = column(pa.string(), "what the user sees of it, and the judge")
    chosen_id: str = column(pa.string(), "the sample that it is")
    chosen_model: str = column(pa.string(), "the model that wrote it")
    chosen_tokens: int = column(pa.int32(), "tokens generated for it; 0 where its source does not say")
    chosen_score: float | None = column(pa.float64(), "mean of its scores from 0 to 10, both orders weighing the same", nullable=True)
    rejected: str = column(pa.string(), "the worse answer as the model wrote it, tags included")
    rejected_reasoning: str | None = column(pa.string(), "its chain of thought", nullable=True)
    rejected_response: str = column(pa.string(), "what the user sees of it, and the judge")
    rejected_id: str = column(pa.string(), "the sample that it is")
    rejected_model: str = column(pa.string(), "the model that wrote it")
    rejected_tokens: int = column(pa.int32(), "tokens generated for it")
    rejected_score: float | None = column(pa.float64(), "mean of its scores", nullable=True)
    margin: float | None = column(pa.float64(), "chosen_score less rejected_score; null where the judge gave too few votes", nullable=True)
    votes: tuple[Mapping[str, Any], ...] = column(
        pa.list_(pa.field("item", COMPARISON, nullable=False)), "each vote's two scores, and which answer was shown first", default=()
    )
    judge: str = column(pa.string(), "the judge, model@revision", default="")
    template: str = column(pa.string(), "the judge's template, frame and rubric with their versions", default="")
    drop_reasons: tuple[str, ...] = column(
        STRINGS, "why the pair is not kept: same_text, no_verdict, order_disagrees, margin, length_balance", default=()
    )


@dataclass(frozen=True, slots=True)
class Label:
    """A sample's text and whether a judge finds it safe. A row also carries the prompt's columns."""

    prompt: Prompt
    id: str = column(pa.string(), "the sample's id")
    prompt_id: str = column(pa.string(), "the prompt's id")
    completion: str = column(pa.string(), "the text as the model wrote it, tags included")
    reasoning: str | None = column(
        pa.string(), "the chain of thought, which is judged with the response; null where there is none", nullable=True
    )
    response: str = column(pa.string(), "what the user sees")
    completion_tokens: int = column(pa.int32(), "tokens generated; 0 where the source does not say")
    model: str = column(pa.string(), "the model that wrote it")
    label: str | None = column(pa.string(), "safe or unsafe; null where the votes do not agree or say nothing", nullable=True)
    unsafe_share: float | None = column(
        pa.float64(), "of the votes that say safe or unsafe, the share that says unsafe; null where none does", nullable=True
    )
    abstained: int = column(pa.int32(), "votes that say neither")
    votes: tuple[str, ...] = column(STRINGS, "each safe, unsafe, or none:reason", default=())
    judge: str = column(pa.string(), "the judge, model@revision", default="")
    template: str = column(pa.string(), "the judge's template, frame and rubric with their versions", default="")
    drop_reasons: tuple[str, ...] = column(STRINGS, "why there is no label: votes_disagree, no_verdict", default=())


def _described(name: str, columns: list[pa.Field]) -> pa.Schema:
    return pa.schema(columns, metadata={"r1_curate.record": name, "r1_curate.schema_version": str(SCHEMA_VERSION)})


_PROMPT_COLUMNS = list(arrow_fields(Prompt))
PROMPTS = _described("prompt", _PROMPT_COLUMNS)
OUTCOMES = _described("outcome", _PROMPT_COLUMNS + list(arrow_fields(Outcome)))
_SAMPLE_COLUMNS = list(arrow_fields(Sample))
SAMPLES = _described("sample", _SAMPLE_COLUMNS[:3] + _PROMPT_COLUMNS[1:] + _SAMPLE_COLUMNS[3:])
_PAIR_COLUMNS, _LABEL_COLUMNS = list(arrow_fields(Pair)), list(arrow_fields(Label))
PAIRS = _described("pair", _PAIR_COLUMNS[:2] + _PROMPT_COLUMNS[1:] + _PAIR_COLUMNS[2:])
LABELS = _described("label", _LABEL_COLUMNS[:2] + _PROMPT_COLUMNS[1:] + _LABEL_COLUMNS[2:])

# What `curate filter` adds to a sample, before the metrics of its filters.
_FOUND_COLUMNS = [
    pa.field(
        "duplicate_of",
        pa.string(),
        metadata={"description": "the id of the sample that this one repeats, word for word or nearly; null where there is none"},
    ),
    pa.field("similarity", pa.float32(), metadata={"description": "to that sample: 1 for the same text, else the estimated Jaccard index"}),
    pa.field(
        "contamination",
        pa.list_(pa.field("item", CONTAMINATION, nullable=False)),
        metadata={"description": "benchmark items that the sample overlaps with"},
    ),
]


def filtered_samples(metrics: Mapping[str, Mapping[str, str]]) -> pa.Schema:
    """The schema of filtered samples: SAMPLES, what deduplication and decontamination found, and a nullable column for each metric, given as {name: {type: int32 or float, description: ...}}."""
    columns = [pa.field(n, pa.type_for_alias(m["type"]), metadata={"description": m["description"]}) for n, m in sorted(metrics.items())]
    return _described("filtered sample", [*SAMPLES, *_FOUND_COLUMNS, *columns])


def _row(record: "Sample | Outcome | Pair | Label") -> dict[str, Any]:
    return prompt_row(record.prompt) | {f.name: getattr(record, f.name) for f in fields(record) if "type" in f.metadata}


def sample_row(sample: Sample) -> dict[str, Any]:
    """The sample as a row of `SAMPLES`."""
    v = sample.verdict
    return _row(sample) | {
        "verdict": {f.name: getattr(v, f.name) for f in fields(Verdict)},
        "rewards": None if sample.rewards is None else [{"name": n, "value": x} for n, x in sample.rewards],
    }


def sample_from_row(row: Mapping[str, Any]) -> Sample:
    """The sample that a row of `SAMPLES` describes."""
    values = {f.name: row[f.name] for f in fields(Sample) if f.name != "prompt"}
    for name in ("judgements", "drop_reasons", "token_ids", "logprobs"):
        values[name] = None if values[name] is None else tuple(values[name])
    values["verdict"] = Verdict(**row["verdict"])
    values["rewards"] = None if row["rewards"] is None else tuple((part["name"], part["value"]) for part in row["rewards"])
    return Sample(prompt=prompt_from_row({**row, "id": row["prompt_id"]}), **values)


def outcome_row(outcome: Outcome) -> dict[str, Any]:
    """The outcome as a row of `OUTCOMES`."""
    return _row(outcome)


def pair_row(pair: Pair) -> dict[str, Any]:
    """The pair as a row of `PAIRS`."""
    return _row(pair)


def label_row(label: Label) -> dict[str, Any]:
    """The label as a row of `LABELS`."""
    return _row(label)
