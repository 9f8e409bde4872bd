"""The completions of an earlier run in place of a model: the scripted engine under the recorded engine's name.

Rows are a function of completions, prompts and configuration, so a replay of a run gives the same bytes; one with another verifier or another filter shows what they change, without a model.
"""

import asyncio
from pathlib import Path

from curate.completions import read_all
from curate.config import read_config
from curate.engines.base import Request
from curate.engines.scripted import ScriptedEngine
from curate.errors import EngineError, StoreError
from curate.records import Completion

PATIENCE = 10.0  # seconds; a sample above its prompt's end may not have been recorded, and is cancelled as soon as the prompt ends here too


def replay(directory: str | Path) -> ScriptedEngine:
    """An engine that gives back what a run directory has committed. Raises StoreError where there is no run; asked for what was not recorded, it raises EngineError."""
    path = Path(directory)
    config = read_config(path)
    if config is None or not (path / "completions").is_dir():
        raise StoreError(f"{path} holds no run to replay: it has no completions")
    recorded: dict[tuple[str, int, int], Completion] = {
        (r.prompt_id, r.sample_index, r.part): r.completion for _, r in read_all(path / "completions")
    }

    async def answer(request: Request) -> Completion:
        found = recorded.get((request.prompt_id, request.sample_index, int(bool(request.continuation))))
        if found is None:
            await asyncio.sleep(PATIENCE)
            raise EngineError(f"sample {request.sample_index} of prompt {request.prompt_id} was not recorded in {path}")
        return found

    identity = config.identity
    return ScriptedEngine.of_requests(answer, kind=identity["engine"], model=identity["model"], model_revision=identity["model_revision"])
