"""What a request costs the client: CPU of `curate generate` over the scripted engine with 2,000 requests in flight.

The model answers after 0.2 seconds with a 2 KB text; verification runs in its own processes and is counted apart.

    python -m tests.bench.client_cost
"""

import json
import os
import resource
import tempfile
from pathlib import Path

from curate import api
from curate.sources import SourceOptions
from tests import models
from tests.bench.measure import machine

REQUESTS = 40_000
FILLER = "so that is what I find when I look at it again. " * 40


def answer(messages: models.Messages, sample_index: int, seed: int | None) -> dict[str, object]:
    """A sum with a long chain, after a wait."""
    return {"text": models.adder(messages, sample_index, seed).replace("</think>", FILLER + "</think>"), "latency": 0.2}


def main() -> None:
    """Run once and print one JSON line."""
    with tempfile.TemporaryDirectory() as work:
        source = models.write_sums(Path(work) / "sums.jsonl", REQUESTS // 4)
        before = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        made = api.generate(
            str(source),
            Path(work) / "out",
            model="tests.bench.client_cost:answer",
            engine="scripted",
            source=SourceOptions(verifier="math"),
            num_generations=4,
            num_correct=None,
            max_concurrent=2000,
            quiet=True,
        )
        after = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    own, workers = (a.ru_utime + a.ru_stime - b.ru_utime - b.ru_stime for a, b in zip(after, before, strict=True))
    requests = made.tally.requested
    print(
        json.dumps(
            {
                "machine": machine(),
                "requests": requests,
                "client microseconds": own / requests * 1e6,
                "verifier microseconds": workers / requests * 1e6,
                "load": os.getloadavg()[0],
            }
        )
    )


if __name__ == "__main__":
    main()
