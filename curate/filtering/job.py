"""What every process of a run does: the chain and the settings, as JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from curate.filtering.foreign import Reading

Dedup = Literal["none", "exact", "near"]
Keep = Literal["first", "shortest", "diverse", "random"]


@dataclass(frozen=True, slots=True)
class Job:
    """`filters` are names or import paths, `settings` their parameters as FILTER.NAME; `benchmarks` are items (benchmark, id, question, solution) that may not be trained on, and `ngram` the words of an overlap; `per_prompt` samples of a prompt stay."""

    filters: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    reading: Reading = field(default_factory=lambda: Reading({}))
    annotate: bool = False
    dedup: Dedup = "near"
    per_prompt: int | None = None
    keep: Keep = "first"
    benchmarks: tuple[tuple[str, str, str, str | None], ...] = ()
    ngram: int = 10
    where: str | None = None

    def as_json(self) -> dict[str, Any]:
        """For the processes."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Job":
        """The job that `as_json` gave."""
        values = dict(value)
        return cls(
            **values
            | {
                "filters": tuple(values["filters"]),
                "benchmarks": tuple(tuple(item) for item in values["benchmarks"]),
                "reading": Reading(**values["reading"]),
            }
        )
