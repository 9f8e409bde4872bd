"""Seeds of requests and keys of completions.

A request's seed depends on the run's seed, the prompt's id and the sample's index, never on the order of work. A completion's key hashes all that could change its text, so that a committed request
is found again after the prompt set was reordered, edited or extended, and never answers another one.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from curate.records import canonical_json
from curate.templates import Asked


def seed_of(run_seed: int, prompt_id: str, sample_index: int, part: int = 0) -> int:
    """A seed of 31 bits: some servers take no more."""
    text = f"{run_seed}:{prompt_id}:{sample_index}:{part}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


class Keys:
    """Keys of a run's completions: 16 digits of the prompt's id, then 32 of a hash."""

    def __init__(self, constants: Mapping[str, Any]) -> None:
        self._constants = canonical_json(dict(constants)).encode()

    def of_prompt(self, asked: Asked) -> "hashlib._Hash":
        """The part of the hash that all samples of a prompt share."""
        sha = hashlib.sha256(self._constants)
        sha.update(
            canonical_json([[[m.role, m.content] for m in asked.messages] if asked.messages is not None else None, asked.text]).encode(
                "utf-8", "surrogatepass"
            )
        )
        return sha

    @staticmethod
    def of_sample(shared: "hashlib._Hash", prompt_id: str, sample_index: int, seed: int | None, continuation: str = "") -> str:
        """The key of one request."""
        sha = shared.copy()
        sha.update(f"\0{sample_index}\0{seed}\0".encode())
        sha.update(continuation.encode("utf-8", "surrogatepass"))
        return prompt_id[:16] + sha.hexdigest()[:32]
