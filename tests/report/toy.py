"""Small dataset directories, written by the format of the storage contract and not by the code that publishes shards: two hands, one format."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate import records
from curate.report.card import card
from curate.report.funnel import merge, statistics

TASKS = ("reasoning_gym:basic_arithmetic", "reasoning_gym:gcd")


def prompt(i: int) -> records.Prompt:
    task = TASKS[i % 2]
    return records.make_prompt(
        f"What is {i} + {i}?",
        verifier="math",
        gold=str(2 * i),
        source=task,
        domain="math" if i % 2 else "logic",
        license="apache-2.0" if i % 3 else None,
    )


def sample(p: records.Prompt, index: int, correct: bool, text: str = "") -> records.Sample:
    text = text or f"<think>I add them, try {index}.</think> {p.gold if correct else 'no idea'}"
    return records.Sample(
        prompt=p,
        id=f"{p.id}-{index}",
        prompt_id=p.id,
        sample_index=index,
        completion=text,
        reasoning="I add them.",
        response=text.rpartition("</think>")[2].strip(),
        chain="full",
        finish_reason="stop",
        prompt_tokens=10,
        completion_tokens=20 + index,
        seed=index,
        engine="scripted",
        model="toy",
        model_revision="r0",
        template="chat@1",
        sampling="{}",
        verdict=records.Verdict("correct" if correct else "wrong", float(correct), verifier="math", verifier_version="1"),
        drop_reasons=() if correct else ("wrong",),
    )


def outcome(p: records.Prompt, samples: list[records.Sample]) -> records.Outcome:
    good = sum(s.verdict.status == "correct" for s in samples)
    tokens = sum(s.completion_tokens for s in samples)
    rate = good / len(samples) if samples else None
    return records.Outcome(
        p, len(samples), good, len(samples) - good, 0, good, good, tokens, rate, rate, rate, "enough" if good else "max_samples"
    )


def table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)


def write_table(root: Path, folder: str, shard: str, content: pa.Table) -> dict[str, Any]:
    """Write a table as the file of a shard; returns its entry for the manifest."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    temporary = root / folder / ".toy"
    with pq.ParquetWriter(temporary, content.schema, compression="zstd") as writer:
        if content.num_rows:  # an empty row group is more than `datasets` can read; a file without row groups is not
            writer.write_table(content, row_group_size=64)
    data = temporary.read_bytes()
    sha = hashlib.sha256(data).hexdigest()
    name = f"{folder}/{shard}-{sha[:12]}.parquet"
    temporary.rename(root / name)
    return {"path": name, "rows": content.num_rows, "bytes": len(data), "sha256": sha}


def funnel_of(outcomes: list[records.Outcome], samples: list[records.Sample]) -> dict[str, Any]:
    bins = [0] * 11
    for o in outcomes:
        if o.pass_rate is not None:
            bins[0 if o.pass_rate == 0 else min(10, -(-int(o.pass_rate * 1000) // 100))] += 1

    def group(key: str) -> dict[str, Any]:
        groups: dict[str, Any] = {}
        for o in outcomes:
            g = groups.setdefault(
                getattr(o.prompt, key),
                dict.fromkeys(("prompts", "sampled", "correct", "accepted", "kept", "tokens", "prompts_with_kept"), 0),
            )
            for name, n in (
                ("prompts", 1),
                ("sampled", o.n_sampled),
                ("correct", o.n_correct),
                ("accepted", o.n_accepted),
                ("kept", o.n_kept),
                ("tokens", o.tokens),
            ):
                g[name] += n
            g["prompts_with_kept"] += o.n_kept > 0
        return groups

    def count(values: Iterable[str]) -> dict[str, int]:
        values = list(values)
        return {v: values.count(v) for v in sorted(set(values))}

    kept = [s for s in samples if not s.drop_reasons]
    return {
        "prompts": len(outcomes),
        "sampled": len(samples),
        "status": count(s.verdict.status for s in samples),
        "accepted": len(kept),
        "kept": len(kept),
        "dropped": count(r for s in samples for r in s.drop_reasons),
        "tokens": sum(s.completion_tokens for s in samples),
        "tokens_kept": sum(s.completion_tokens for s in kept),
        "stop_reasons": count(o.stop_reason for o in outcomes),
        "finish_reasons": count(s.finish_reason for s in samples),
        "prompts_with_kept": sum(o.n_kept > 0 for o in outcomes),
        "pass_rates": bins,
        "sources": group("source"),
        "domains": group("domain"),
    }


def write_manifest(root: Path, shard: str, files: Mapping[str, Any], funnel: Mapping[str, Any]) -> None:
    (root / "manifest").mkdir(exist_ok=True)
    manifest = {"schema_version": 3, "shard": shard, "files": files, "funnel": funnel, "input": "0" * 64}
    (root / "manifest" / f"{shard}.json").write_text(json.dumps(manifest))


def ranges(shards: int) -> list[tuple[int, int]]:
    edges = [2**32 * k // shards for k in range(shards + 1)]
    return [(a, b - 1) for a, b in pairwise(edges)]


def finish(root: Path, *, complete: bool = True) -> None:
    """Write stats.json and README.md, and at the end of a complete run manifest.json and _SUCCESS."""
    config = json.loads((root / "config.json").read_text())
    shards = [json.loads(p.read_text()) for p in sorted((root / "manifest").glob("*.json"))]
    stats = statistics(merge(m["funnel"] for m in shards))
    (root / "stats.json").write_text(json.dumps(stats))
    (root / "README.md").write_text(card(config, stats, complete))
    if complete:
        (root / "manifest.json").write_text(json.dumps({"schema_version": 3, "kind": config["kind"], "shards": shards}))
        (root / "_SUCCESS").write_text(hashlib.sha256((root / "manifest.json").read_bytes()).hexdigest())


def write_config(root: Path, kind: str) -> None:
    identity = {
        "engine": "scripted",
        "model": "toy",
        "model_revision": "r0",
        "template": "chat@1",
        "sampling": {"temperature": 0.6},
        "verifiers": {"math": "1"},
    }
    root.mkdir(parents=True, exist_ok=True)
    (root / "config.json").write_text(
        json.dumps({"schema_version": 3, "kind": kind, "identity": identity if kind == "samples" else {}, "extent": {"num_generations": 4}})
    )


def samples_directory(
    root: Path, *, shards: int = 1, prompts: int = 12, n: int = 4, none_kept_in: int | None = None, complete: bool = True
) -> Path:
    """A directory of kind samples: prompt i is answered `n` times and its first i % (n + 1) answers are right; nothing at all in shard number `none_kept_in`."""
    write_config(root, "samples")
    all_prompts = sorted((prompt(i) for i in range(prompts)), key=lambda p: p.id)
    number = {prompt(i).id: i for i in range(prompts)}
    for k, (low, high) in enumerate(ranges(shards)):
        shard = f"{low:08x}-{high:08x}"
        here = [p for p in all_prompts if low <= int(p.id[:8], 16) <= high]
        answers = {p.id: [sample(p, j, k != none_kept_in and j < number[p.id] % (n + 1)) for j in range(n)] for p in here}
        samples = [s for p in here for s in answers[p.id]]
        outcomes = [outcome(p, answers[p.id]) for p in here]
        files = {
            "kept": write_table(
                root, "kept", shard, table(records.SAMPLES, [records.sample_row(s) for s in samples if not s.drop_reasons])
            ),
            "rejects": write_table(
                root, "rejects", shard, table(records.SAMPLES, [records.sample_row(s) for s in samples if s.drop_reasons])
            ),
            "prompts": write_table(root, "prompts", shard, table(records.OUTCOMES, [records.outcome_row(o) for o in outcomes])),
        }
        write_manifest(root, shard, files, funnel_of(outcomes, samples))
    finish(root, complete=complete)
    return root


def prompts_directory(root: Path, *, shards: int = 1, prompts: int = 12) -> Path:
    """A directory of kind prompts, as `curate prompts` writes it."""
    write_config(root, "prompts")
    all_prompts = sorted((prompt(i) for i in range(prompts)), key=lambda p: p.id)
    for low, high in ranges(shards):
        shard = f"{low:08x}-{high:08x}"
        here = [p for p in all_prompts if low <= int(p.id[:8], 16) <= high]
        files = {"prompts": write_table(root, "prompts", shard, table(records.PROMPTS, [records.prompt_row(p) for p in here]))}
        sources = {t: {"prompts": sum(p.source == t for p in here)} for t in TASKS}
        write_manifest(root, shard, files, {"prompts": len(here), "sources": sources})
    finish(root)
    return root
