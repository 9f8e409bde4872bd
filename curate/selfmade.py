"""Prompts that an instruct model writes itself, as Magpie has it (arXiv 2406.08464): given its own chat template up to where the user's words would stand, it goes on as the user.

Departs from Magpie in that a system turn of ours names a topic, so that the spread is the caller's and not the model's, and in that the end of the turn is read from the template, since not every one ends it with a token that ends a text.
The topic needs a template that takes a system turn; one that refuses it, or leaves it out, is refused: without it all topics would be the same question.

What the model wrote is in OUT/requests as it came, a dataset of its own with a log that is never asked twice; only what is a prompt is taken over. What is left out is counted by its reason: `truncated`, `content_filter` or `refused`
(it did not end by itself), `empty`, `template_leak` (special tokens, tags or turns), `too_long`, `duplicate` (but for case and spaces). Not covered: whether a prompt is about its topic, in its language, or worth an answer.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import Any, NamedTuple

from curate.dataset import Dataset
from curate.deliver.judging import keyed_of
from curate.engines import Engine, EngineSettings, Request, Sampling, open_engine, require
from curate.errors import RequestRefused, UsageError
from curate.filters.base import Trace
from curate.filters.template_leak import measure
from curate.generate import Options, sample
from curate.prompts import PromptSummary, bring_in
from curate.records import Message, Prompt, canonical_json, digest, make_prompt
from curate.running import run_async
from curate.sources import Source
from curate.storage import is_address

VERSION = "1"  # of the wording and of what is left out; changes whenever a prompt could
REQUESTS = "requests"  # below the output
LONGEST_END = 60  # characters of what ends a turn

_SYSTEM = "You are an assistant whom people write to about one subject: {topic}. Each of them writes a single message, in their own words: a question or a task, with all that is needed to answer it."
_IN_LANGUAGE = " They write in the language whose ISO 639-1 code is {language}."
_TOPIC, _WORDS = "the-topic-of-the-turn", "the-words-of-the-turn"  # looked for in a rendered template
_MARK = re.compile(r"<[^<>\s]{1,60}>|\[/?[A-Z][A-Z_]{1,30}\]")
_END = re.compile(rf"\s*({_MARK.pattern}|[^\s<\[][^\n<\[]{{0,{LONGEST_END - 1}}})")


@dataclass(frozen=True, slots=True)
class Writing:
    """How prompts are asked for: `per_topic` tries for each topic. `language`, `domain` and `license` (of what the model writes, None where nobody says) are theirs; `longest` is in characters."""

    per_topic: int = 16
    sampling: Sampling = Sampling(temperature=1.0, top_p=1.0, max_tokens=256)
    seed: int = 0
    language: str | None = "en"
    domain: str = "general"
    license: str | None = None
    longest: int = 2_000


DEFAULTS = Writing()


class Frame(NamedTuple):
    """What a chat template puts around a turn of the user: what ends it, and the marks by which the template is known in a text."""

    end: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()


def write_prompts(
    topics: Sequence[str],
    output: str | PathLike[str],
    writing: Writing,
    engine: EngineSettings,
    *,
    given: Engine | None = None,
    quiet: bool = True,
) -> PromptSummary:
    """Have a model write prompts about `topics` into a directory of prompts; how many there are, and what was left out by reason. An engine `given` takes the place of the one that `engine` describes.

    Raises UsageError for what was asked wrongly, for an engine that cannot write a turn of the user (`openai`: a server only answers it) and for a chat template without a system turn, SourceError where nothing that was written is a
    prompt, EngineError where the engine cannot go on, IdentityMismatch where another model wrote what is there, Stopped where a signal ended it: the same call goes on.
    """
    if not topics or not all(topic.strip() for topic in topics):
        raise UsageError("prompts are written about topics: give at least one, and none that is empty")
    if (twice := Counter(topic.strip() for topic in topics).most_common(1)[0])[1] > 1:
        raise UsageError(f"the topic {twice[0]!r} is given twice: raise per_topic instead")
    if writing.per_topic < 1 or writing.longest < 1:
        raise UsageError("per_topic and longest are at least 1")
    if is_address(str(output)):
        raise UsageError("prompts are written on this machine: give a directory here, and copy it")
    writer = given if given is not None else open_engine(engine)
    require(writer, "turn", "preview")
    options = Options(engine, writing.sampling, seed=writing.seed, open_samples=writing.per_topic, quiet=quiet)
    return bring_in(Selfmade(Topics(topics, writing), f"{output}/{REQUESTS}", options, writer), output)


class Topics:
    """A source of one prompt for each topic: a system turn that names it, and a turn of the user to be written."""

    name = "topics"
    revision: str | None = VERSION

    def __init__(self, topics: Sequence[str], writing: Writing) -> None:
        self.topics = sorted(topic.strip() for topic in topics)
        self.writing = writing
        self.skipped: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """A hash over the topics, the wording and the settings."""
        return digest(["topics", VERSION, self.topics, asdict(self.writing)])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, by topic."""
        for topic in self.topics:
            yield make_prompt(
                asked(topic, self.writing.language),
                language=self.writing.language,
                domain=self.writing.domain,
                mode="plain",
                meta=canonical_json({"topic": topic}),
                source=self.name,
                source_revision=VERSION,
            )


class Selfmade:
    """A source of the prompts that a model writes about topics, by way of a dataset of its replies in the directory `requests`: reading it has the model write what is missing there."""

    name = "selfmade"

    def __init__(self, topics: Topics, requests: str, options: Options, engine: Engine) -> None:
        self.topics = topics
        self.requests = requests
        self.options = options
        self.engine = engine
        self.skipped: Counter[str] = Counter()

    @property
    def revision(self) -> str | None:
        """The model's."""
        return self.engine.identity()["model_revision"]

    def fingerprint(self) -> str:
        """A hash over what is asked and who is asked."""
        return digest([self.name, self.topics.fingerprint(), self.engine.kind, self.engine.identity(), keyed_of(self.options.engine)])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the order of topics' ids and tries. Raises what `write_prompts` does."""
        writing = self.topics.writing
        frame = _frame(self.engine, writing.sampling)
        sampling = replace(writing.sampling, stop=(*frame.end, *writing.sampling.stop))
        topics: Source = self.topics
        replies = sample(topics, self.requests, replace(self.options, sampling=sampling), self.engine).dataset
        self.skipped = Counter(row["drop_reasons"][0] for row in _rows(replies, "rejects", "drop_reasons"))
        seen: set[str] = set()
        for row in _rows(replies, "kept", "completion", "meta", "model", "model_revision"):
            text = row["completion"].strip()
            reason = fault(text, frame.marks, writing.longest)
            if reason is None and (key := digest(" ".join(text.casefold().split()))) in seen:
                reason = "duplicate"
            if reason is not None:
                self.skipped[reason] += 1
                continue
            seen.add(key)
            yield make_prompt(
                text,
                language=writing.language,
                domain=writing.domain,
                meta=row["meta"],
                source=f"{self.name}:{row['model']}",
                source_id=row["id"],
                source_revision=row["model_revision"],
                license=writing.license,
            )


def asked(topic: str, language: str | None) -> tuple[Message, ...]:
    """What the model goes on with: a system turn about `topic`, and an empty turn of the user. English, which the system turn is in, needs no naming."""
    other = "" if language in (None, "en") else _IN_LANGUAGE.format(language=language)
    return (Message("system", _SYSTEM.format(topic=topic) + other), Message("user", ""))


def fault(text: str, marks: frozenset[str], longest: int) -> str | None:
    """Why a stripped text is no prompt, None where it may be one. `marks`: those of the template that it was written in, beside the ones of all families in use."""
    if not text:
        return "empty"
    if any(mark in text for mark in marks) or measure(Trace("", text))["response_leaks"]:
        return "template_leak"
    return "too_long" if len(text) > longest else None


def framed(rendered: str) -> Frame:
    """The frame in a rendered conversation of `_TOPIC` in the system turn and `_WORDS` in the user's. Raises UsageError where the topic does not stand before the user's words."""
    head, _, tail = rendered.rpartition(_WORDS)
    if _TOPIC not in head:
        raise UsageError("the model's chat template leaves its system turn out, so it cannot be told a topic: have another model write")
    end = _END.match(tail)
    return Frame((end[1].strip(),) if end else (), frozenset(_MARK.findall(rendered)))


def _frame(engine: Engine, sampling: Sampling) -> Frame:
    """The frame of an engine's chat template; a scripted model has none."""
    if engine.kind == "scripted":
        return Frame()
    turns = (Message("system", _TOPIC), Message("user", _WORDS))
    try:
        return framed(run_async(engine.preview(Request("", 0, sampling, None, turns))))
    except RequestRefused as error:
        raise UsageError(f"{error}; without a system turn it cannot be told a topic: have another model write") from error


def _rows(replies: Dataset, part: str, *columns: str) -> Iterator[dict[str, Any]]:
    """The rows of a part, by id."""
    table = replies.to_arrow(part=part, columns=("id", *columns)).sort_by("id")
    for batch in table.to_batches(max_chunksize=1024):
        yield from batch.to_pylist()
