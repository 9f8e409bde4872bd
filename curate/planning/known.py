"""What is known when a stage is projected, and what a projection is.

A projector is a function from Known to Made, named by the import path of what the stage runs: those of curate/tasks.py are in stages.py beside this file, those of the trainers in train/planning.py. A stage whose function has none is listed as not projected.
"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from curate.errors import Damaged
from curate.planning.evidence import Each, Evidence, Spread, expected
from curate.planning.values import NONE, Flow, Kind, Size, Value, added, exact
from curate.sampling.policy import Policy
from curate.stage import Stage

LARGEST_HEADER = 100 << 20  # bytes of a safetensors header that are read
SERVED = "openai"  # the engine kind that money is paid for

Assumed = Mapping[str, Value]


class Work(NamedTuple):
    """What a stage's time is spent on: `unit` is the name of the number that it grows with, `key` says with which other stages it shares a rate; `hours` of an accelerator as assumed, None where the model's size is not known."""

    key: str
    unit: str
    hours: Value | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """The projection of a stage: its numbers by name, what it hands on, where its time goes. `served`: its tokens are those of a server that is paid."""

    kind: str
    numbers: Mapping[str, Value] = field(default_factory=dict)
    flow: Flow = field(default_factory=dict)
    size: Size | None = None
    work: Work | None = None
    served: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """A stage with what comes in by each input. `evidence`: newest first. `assumed` is the table of pipelines/paper.py."""

    stage: Stage
    flows: Mapping[str, Flow]
    sizes: Mapping[str, Size]
    assumed: Assumed
    evidence: Sequence[Evidence] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """Configuration and extent together."""
        return {**self.stage.config, **self.stage.extent}

    def each(self, kind: Kind, policy: Policy) -> Each | None:
        """What a prompt costs and gives, as seen, else as assumed; None for prompts whose answers are for a judge."""
        for seen in self.evidence:
            found = seen.each(kind, policy)
            if found is not None:
                return found
        return expected(self.spread(), policy, kind.chance) if kind.accept == "verified" else None

    def spread(self) -> Spread:
        """The pass rates of prompts that a rule checks."""
        found = next((spread for seen in self.evidence if (spread := seen.spread()) is not None), None)
        return found or Spread(self.assumed["pass_rate"], self.assumed["concentration"].value)

    def tokens(self, domain: str, most: int) -> Value:
        """Mean tokens of an answer in a domain, as seen, else as assumed; at most `most`."""
        found = next((t for seen in self.evidence if (t := seen.tokens(domain)) is not None), None)
        return (found or self._of("tokens", domain)).capped(most)

    def read(self, domain: str) -> Value:
        """Mean tokens of a prompt in a domain."""
        return self._of("prompt_tokens", domain)

    def disk(self, tokens: Value) -> Value:
        """Bytes that samples of so many tokens take, rejects and log among them."""
        found = next((seen for seen in self.evidence if seen.bytes), None)
        return tokens * (exact(found.bytes, found.source) if found else self.assumed["bytes_per_token"])

    def hours(self, flops: Mapping[str, Value]) -> Value:
        """Hours of one accelerator for floating-point operations by what they are for: reading, decoding, rollout or training."""
        return added(work.over(self.assumed["peak"] * self.assumed[use] * 3600) for use, work in flops.items() if work.value)

    def named_size(self, name: str) -> Size | None:
        """The size of a model by directory or name; None where it is not known."""
        if Path(name).is_dir():
            return size_of(Path(name))
        active, whole = (self.assumed.get(f"{what}/{name}") for what in ("parameters", "all_parameters"))
        return None if active is None else Size(active, whole or active)

    def described(self, name: str) -> tuple[str, Size | None]:
        """Kind and size of the engine that `name` of the settings describes, its model being the input of that name where there is one."""
        engine = self.settings.get(name, {})
        own = self.sizes.get(name) or (self.named_size(engine["model"]) if "model" in engine else None)
        return engine.get("kind", "vllm"), own

    def _of(self, what: str, domain: str) -> Value:
        return self.assumed.get(f"{what}/{domain}", self.assumed[what])


Projector = Callable[[Known], Made]


def size_of(directory: Path) -> Size | None:
    """The parameters in a model directory, by the headers of its weights; of a mixture of experts all of them, since which are at work is its code's to say. None where there are no weights. Raises Damaged for a file that is cut short or is no weights."""
    total = 0
    for path in sorted(directory.glob("*.safetensors")):
        try:
            with path.open("rb") as file:
                (length,) = struct.unpack("<Q", file.read(8))
                text = file.read(min(length, LARGEST_HEADER))
            if len(text) < length:
                raise ValueError("the header ends too early")
            header = json.loads(text)
            total += sum(_product(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
        except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(f"{path} is not a whole file of weights: fetch the model again") from error
    whole = exact(total, "the weights' headers")
    return Size(whole, whole) if total else None


def _product(shape: Sequence[int]) -> int:
    found = 1
    for n in shape:
        found *= n
    return found


def forward(size: Size, tokens: Value) -> Value:
    """Floating-point operations of a forward pass: two for each parameter at work and token; attention over the text's own length is not in it."""
    return size.active * tokens * 2


def engine_work(known: Known, kind: str, size: Size | None, generated: Value, read: Value = NONE, unit: str = "tokens") -> Work:
    """The work of an engine that reads and writes tokens; a function in place of a model takes no accelerator."""
    hours = None
    if kind == "scripted":
        hours = NONE
    elif size is not None:
        hours = known.hours({"reading": forward(size, read), "decoding": forward(size, generated)})
    return Work(f"{kind} {unit}", unit, hours)
