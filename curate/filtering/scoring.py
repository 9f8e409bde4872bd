"""The pass that gives perplexity: ahead of the filters an engine scores every row of a unit, and the numbers lie in a file that the unit's process finds them in.

It is the one thing of `curate filter` that needs a model, so it runs where the engine is, in the caller's process, one part of a unit after another, and the text is read once more for it. What was scored is not scored again.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from curate.engines import Engine, require
from curate.filtering.foreign import Reading
from curate.filtering.reading import Faults, parts
from curate.filtering.units import Unit
from curate.filtering.work import traces
from curate.filters.perplexity import Scorer, perplexities
from curate.storage import at


class _Scoring(Engine, Scorer, Protocol):
    """An engine with the capability `score`."""


def told(engine: Engine) -> dict[str, Any]:
    """The engine as config.json has it. Raises UsageError for one that cannot score."""
    require(engine, "score")
    return {"engine": engine.kind, **engine.identity()}


async def score(
    units: Sequence[Unit], reading: Reading, engine: Engine, file: Callable[[Unit], Path], scored: Callable[[int], None]
) -> None:
    """Write `file(unit)` for every unit that has none, as a JSON list with a number or null for each row; `scored` hears of each part's rows. The engine is started where there is anything to do, and closed. Raises EngineError."""
    left = [unit for unit in units if not file(unit).is_file()]
    try:
        if left:
            await engine.start()
        for unit in left:
            values: list[float | None] = []
            for part in parts(unit, reading, Faults()):  # what is wrong with it is said when it is filtered
                values += await perplexities(cast(_Scoring, engine), list(traces(part.table)))
                scored(part.table.num_rows)
            at(file(unit).parent).write(file(unit).name, json.dumps(values).encode())
    finally:
        await engine.close()
