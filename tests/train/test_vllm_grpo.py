"""`curate train grpo` with the real engine: killed with SIGKILL, gone on, and what it leaves behind is a model and a dataset."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import transformers

from curate import api
from curate.check import check
from tests.bench import sums
from tests.bench.measure import children
from tests.test_vllm_run import ROOT, START, model, wait_until_gone

__all__ = ["model"]  # the fixture
pytestmark = pytest.mark.slow
STEPS = 3


def recorded(out: Path) -> dict[str, bytes]:
    """The rollouts that are on disk."""
    return {path.name: path.read_bytes() for path in sorted((out / "rollouts" / "kept").glob("*.parquet"))}


def test_a_killed_run_goes_on_and_its_rollouts_feed_curation(model: str, tmp_path: Path) -> None:  # the fixture
    train, _, examples = sums.write(tmp_path / "data")
    out = tmp_path / "out"
    command = [
        *(sys.executable, "-c", START, "train", "grpo", str(train), "-o", str(out), "--model", model, "--few-shot", str(examples)),
        *(
            "--steps",
            str(STEPS),
            "--prompts",
            "3",
            "--group",
            "4",
            "--max-tokens",
            "24",
            "--save-every",
            "1",
            "--rewards",
            "accuracy=1,format=1",
        ),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as killed:
        assert killed.stdout is not None
        assert any(line.startswith("step 1/") for line in killed.stdout)
        below = children(killed.pid)
        killed.kill()
    wait_until_gone(below)
    before = recorded(out)
    assert before
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    after = recorded(out)
    assert {name: after[name] for name in before} == before, "a rollout that is recorded is never sampled again"
    metrics = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [m["step"] for m in metrics] == list(range(STEPS))
    assert all(m["mismatch"] < 0.1 for m in metrics)
    assert all({"reward/accuracy", "reward/format", "time/update"} <= m.keys() for m in metrics)
    assert metrics[-1]["time/rollout"] > 0
    assert metrics[-1]["time/sync"] > 0
    transformers.AutoModelForCausalLM.from_pretrained(out / "model")
    assert check(out / "rollouts").problems == []
    rows = api.open(out / "rollouts").to_arrow().to_pylist()
    assert {r["weights_version"] for r in rows} <= {"0", "1", "2"}
    assert all(len(r["token_ids"]) == len(r["logprobs"]) == r["completion_tokens"] for r in rows)
    filtered = api.filter(str(out / "rollouts"), tmp_path / "filtered", filters=("truncated",), dedup="none")
    assert filtered.stats["funnel"]["rows"] == len(rows)
