"""A judge's replies in the completions log: what was answered is never asked or paid for again, and a replay gives the same judgements byte for byte.

The key hashes what could change a reply: the engine and its model, the sampling settings, the messages, the prefill, the schema, the vote and the seed; `keyed` adds what only the caller knows (chat_template_kwargs and the like).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.completions import Completions, Record
from curate.engines import Engine, Request
from curate.records import Completion, digest


@dataclass(frozen=True, slots=True)
class Log:
    """A store that is open, and what else the judge's replies depend on."""

    store: Completions
    keyed: Mapping[str, Any] = field(default_factory=dict)

    def key(self, engine: Engine, request: Request) -> str:
        """The key of a request: 48 hex digits."""
        messages = [[m.role, m.content] for m in request.messages or ()]
        constants = [engine.kind, engine.identity(), request.sampling.as_dict(), dict(self.keyed), request.prefill, request.schema]
        return request.prompt_id[:16] + digest([constants, messages, request.sample_index, request.seed])

    def recall(self, prompt_id: str) -> dict[str, Completion]:
        """What earlier runs committed for an item, by key."""
        return {key: record.completion for key, (_, record) in self.store.recall(prompt_id).items()}

    def commit(self, key: str, request: Request, completion: Completion) -> None:
        """Hand a reply over to the next group commit. Raises StoreError."""
        self.store.append(key, Record(request.prompt_id, request.sample_index, 0, completion))
