"""Near duplicates, beside datatrove's four-step MinHash pipeline: the same shards in, the same shingle size, buckets and hashes, two workers, Parquet out.

    python -m tests.bench.dedup [--megabytes 30] [--shorter 1] [--peer PYTHON]

PYTHON is an interpreter of an environment with datatrove (`pip install "datatrove[processing,io]" spacy`); without it only our side is timed. Both sides read Parquet, find the duplicates and write what
stays as Parquet. Printed: megabytes of text a second, and how far the two agree on which texts have a double, beside how far datatrove agrees with itself under another seed: a pair of middling
similarity is found by chance, in either. So what theory expects is printed too: the sum over all copies of the chance that their similarity to their original gives them; and the agreement over those
whose chance is above SURE or below 1 - SURE. `--shorter 10` makes texts a tenth as long and ten times as many, which says more of agreement; speed is for the lengths of the table.

`chains` makes the texts: sentences of words from a seeded vocabulary, in the domains and lengths of R1's Table 5 (arXiv 2501.12948v2; 5,355 tokens on average, 0.75 words a token), some of them copies.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

DOMAINS = {
    "math": (395_285, 6_094),
    "code": (211_129, 7_436),
    "stem": (10_124, 4_929),
    "logic": (10_395, 2_739),
    "general": (177_812, 1_420),
}  # samples, tokens
WORDS_A_TOKEN = 0.75
SPREAD = 0.6  # of a length's logarithm
EXACT, NEAR = 0.03, 0.10  # shares of texts that are copies
PAPER = 804_745  # samples
SURE = 0.99
SHARDS = 8
WORKERS = 2


class Chain(NamedTuple):
    """A text; `of` is the number of the text that it is a copy of, `changed` the share of its words that differ."""

    text: str
    domain: str
    of: int | None = None
    changed: float = 0.0


class Writer:
    """Makes texts. The same seed makes the same ones."""

    def __init__(self, seed: int = 0, shorter: float = 1.0) -> None:
        self.random = Random(seed)
        self.shorter = shorter
        letters = "etaoinshrdlucmfwygpbvk"
        self.words = ["".join(self.random.choices(letters, k=self.random.randint(1, 4) + self.random.randint(1, 6))) for _ in range(30_000)]
        self.words += [str(n) for n in range(200)]
        self.random.shuffle(self.words)
        self.weights = list(accumulate(1 / (rank + 5) for rank in range(len(self.words))))

    def text(self, words: int) -> str:
        """Sentences and paragraphs of about so many words."""
        r = self.random
        drawn = r.choices(self.words, cum_weights=self.weights, k=words)
        out, at = [], 0
        while at < words:
            size = r.randint(6, 24)
            out.append(
                " ".join(drawn[at : at + size]).capitalize()
                + r.choice((".", ".", "?", ":", " = x^2 + 1."))
                + r.choice((" ", " ", " ", "\n\n"))
            )
            at += size
        return "".join(out)

    def copy(self, text: str, share: float) -> str:
        """The text with so many of its words replaced."""
        r = self.random
        return " ".join(r.choices(self.words, cum_weights=self.weights)[0] if r.random() < share else w for w in text.split(" "))

    def chains(self, size: int) -> Iterator[Chain]:
        """Texts of about `size` bytes together."""
        r = self.random
        made: list[tuple[str, str]] = []
        counts = [n for n, _ in DOMAINS.values()]
        while size > 0:
            kind = r.random()
            if made and kind < EXACT + NEAR:
                of = r.randrange(len(made))
                changed = 0.0 if kind < EXACT else r.uniform(0.01, 0.10)
                text, domain = made[of]
                chain = Chain(self.copy(text, changed) if changed else text, domain, of, changed)
            else:
                (domain,) = r.choices(list(DOMAINS), counts)
                words = DOMAINS[domain][1] / self.shorter * WORDS_A_TOKEN * r.lognormvariate(-(SPREAD**2) / 2, SPREAD)
                chain = Chain(self.text(max(30, int(words))), domain)
            made.append((chain.text, chain.domain))
            size -= len(chain.text)
            yield chain


def write_shards(folder: Path, megabytes: float, shorter: float) -> list[Chain]:
    """The texts, dealt out to SHARDS files with the columns id and text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    chains = list(Writer(0, shorter).chains(int(megabytes * 1e6)))
    folder.mkdir()
    for shard in range(SHARDS):
        numbers = range(shard, len(chains), SHARDS)
        table = pa.table({"id": [str(n) for n in numbers], "text": [chains[n].text for n in numbers]})
        pq.write_table(table, folder / f"{shard:05d}.parquet", compression="zstd")
    return chains


def sketch_shard(path: Path) -> bytes:
    """The first pass of ours, in a worker."""
    import pyarrow.parquet as pq

    from curate.filters.dedup import sketch

    table = pq.read_table(path)
    ids = table["id"].to_pylist()
    return sketch(ids, ids, table["text"]).as_bytes()


def keep_of_shard(path: Path, out: Path, repeated: list[bool]) -> None:
    """The second pass of ours."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(path).filter(pc.invert(pa.array(repeated, pa.bool_()))), out / path.name, compression="zstd")


def ours(shards: Path, out: Path) -> tuple[dict[str, float], list[list[str]], Any]:
    """Seconds of each step, the clusters of more than one text, and the index."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    from curate.filters.dedup import Index, Sketches

    out.mkdir()
    paths = sorted(shards.iterdir())
    index, clusters = Index(), dict[str, list[str]]()
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        list(pool.map(int, range(WORKERS)))  # the processes are up, as the peer's interpreter is when its clock starts
        start = time.perf_counter()
        saved = list(pool.map(sketch_shard, paths))
        sketched = time.perf_counter()
        repeated = []
        for data in saved:
            sketches = Sketches.from_bytes(data)
            said = index.add(sketches)
            repeated.append([s is not None for s in said])
            for name, repeat in zip(sketches.ids.to_pylist(), said, strict=True):
                if repeat is not None:
                    clusters.setdefault(repeat.of, [repeat.of]).append(name)
        decided = time.perf_counter()
        list(pool.map(keep_of_shard, paths, [out] * len(paths), repeated))
        written = time.perf_counter()
    return {"sketch": sketched - start, "index": decided - sketched, "write": written - decided}, list(clusters.values()), index


def index_alone(rows: int) -> dict[str, float]:
    """Seconds and bytes that the index takes for so many texts, a tenth of which share half their buckets with an earlier one; the making of their sketches is not counted."""
    import resource

    import numpy as np
    import pyarrow as pa

    from curate.filters.dedup import Index, Sketches

    random = np.random.default_rng(0)
    index, seconds, step = Index(), 0.0, 5_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    last = None
    for at in range(0, rows, step):
        buckets = random.integers(1, 1 << 63, (step, 14), dtype=np.uint64)
        if last is not None:
            buckets[: step // 10, :7] = last[: step // 10, :7]
        last = buckets
        ids = pa.array([f"{n:032x}-0" for n in range(at, at + step)])
        sketches = Sketches(
            ids, random.integers(1, 1 << 63, step, dtype=np.uint64), buckets, random.integers(0, 1 << 16, (step, 112), dtype=np.uint16)
        )
        start = time.process_time()
        index.add(sketches)
        seconds += time.process_time() - start
    return {
        "rows": rows,
        "near": index.near,
        "CPU seconds": seconds,
        "GB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e9,
    }


def peer(shards: Path, out: Path, seed: int) -> None:
    """Datatrove's documented pipeline, in its own environment: prints seconds of each step and the clusters as JSON."""
    import struct

    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.typeshelper import Languages

    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8, seed=seed)
    files = sorted(p.name for p in shards.iterdir())

    def reader() -> Any:
        return ParquetReader(str(shards))

    steps = {
        "signatures": ([reader(), MinhashDedupSignature(str(out / "signatures"), config, Languages.english)], len(files)),
        "buckets": ([MinhashDedupBuckets(str(out / "signatures"), str(out / "buckets"), config=config)], config.num_buckets),
        "cluster": ([MinhashDedupCluster(str(out / "buckets"), str(out / "removed"), config, save_cluster_id=True)], 1),
        "write": ([reader(), MinhashDedupFilter(str(out / "removed")), ParquetWriter(str(out / "kept"))], len(files)),
    }
    seconds = {}
    for name, (pipeline, tasks) in steps.items():
        start = time.perf_counter()
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=WORKERS, logging_dir=str(out / "logs" / name)).run()
        seconds[name] = time.perf_counter() - start
    clusters: dict[int, list[str]] = {}
    for file in sorted((out / "removed").glob("*.clusters")):
        shard = int(file.name.partition(".")[0])
        for place, cluster in struct.iter_unpack("<2I", file.read_bytes()):
            clusters.setdefault(cluster, []).append(str(shard + SHARDS * place))
    (out / "result.json").write_text(json.dumps({"seconds": seconds, "clusters": list(clusters.values())}))


def pairs(clusters: list[list[str]]) -> set[str]:
    """The texts that have a double."""
    return {name for cluster in clusters for name in cluster}


def chances(chains: list[Chain]) -> dict[str, float]:
    """For each copy the chance that it shares a bucket with its original."""
    import re

    from curate.filters.minhash import MinHash

    def grams(text: str) -> set[tuple[str, ...]]:
        words = re.findall(r"\w+", text.lower())
        return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}

    found = {}
    for number, chain in enumerate(chains):
        if chain.of is not None:
            one, other = grams(chain.text), grams(chains[chain.of].text)
            found[str(number)] = MinHash().chance(len(one & other) / len(one | other))
    return found


def agreement(one: set[str], other: set[str]) -> float:
    """Of what either has, the share that both have."""
    return len(one & other) / max(len(one | other), 1)


def main() -> None:
    """Run both and print a line each and one JSON line."""
    from tests.bench.measure import machine

    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=30)
    parser.add_argument("--shorter", type=float, default=1)
    parser.add_argument("--peer", help="python of an environment with datatrove")
    options = parser.parse_args()
    alone = index_alone(PAPER)
    with TemporaryDirectory() as held:
        folder = Path(held)
        chains = write_shards(folder / "in", options.megabytes, options.shorter)
        size = sum(len(c.text) for c in chains) / 1e6
        planted = {str(n) for i, c in enumerate(chains) if c.of is not None for n in (i, c.of)}
        seconds, clusters, index = ours(folder / "in", folder / "out")
        found = pairs(clusters)
        chance = chances(chains)
        report: dict[str, Any] = {
            "texts": len(chains),
            "MB": size,
            "copies planted": len(chance),
            "copies that theory finds": sum(chance.values()),
            "ours": {
                "seconds": seconds,
                "MB a second": size / sum(seconds.values()),
                "removed": index.exact + index.near,
                "joined": index.joined,
            },
            "copies found": len(found & set(chance)),
            "found that are no copy": len(found - planted),
            "index of the paper's size": alone,
        }
        if options.peer:
            peers = []
            for seed in (1, 2):
                out = folder / f"peer{seed}"
                subprocess.run([options.peer, __file__, str(folder / "in"), str(out), str(seed)], check=True, capture_output=True)
                peers.append(json.loads((out / "result.json").read_text()))
            sure = {name for name, c in chance.items() if not 1 - SURE < c < SURE}
            first, second = (pairs(p["clusters"]) for p in peers)
            speed = size / sum(peers[0]["seconds"].values())
            report |= {
                "datatrove": {
                    "seconds": peers[0]["seconds"],
                    "MB a second": speed,
                    "removed": [sum(len(c) - 1 for c in p["clusters"]) for p in peers],
                },
                "times as fast": report["ours"]["MB a second"] / speed,
                "copies that datatrove finds": [len(f & set(chance)) for f in (first, second)],
                "agreement with datatrove": agreement(found, first),
                "agreement where theory is sure": agreement(found & sure, first & sure),
                "of datatrove with itself, another seed": agreement(first, second),
            }
    for name, value in report.items():
        print(f"{name:<40}{value if not isinstance(value, float) else round(value, 4)}")
    print(json.dumps({"machine": machine(), **report, "load": os.getloadavg()[0]}))


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[3].isdigit():
        peer(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
