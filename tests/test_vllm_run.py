"""The whole path with the real engine: what `make demo` does, killed and interrupted, and no process left behind."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import pytest

from curate import api
from curate.check import check
from curate.completions import read_all
from curate.engines.replay import replay
from tests.bench.measure import children
from tests.sampling.test_run import files

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
START = "import sys; from curate.cli import main; sys.exit(main())"
SOURCES = [
    "reasoning_gym:products?min_terms=2&max_terms=2&min_digits=1&max_digits=1&size=12",
    "reasoning_gym:gcd?min_value=2&max_value=20&size=12",
]
ASKED = {"num_generations": 4, "num_correct": 2, "temperature": 0.8, "max_tokens": 64, "few_shot": "builtin:demo", "prompts_per_shard": 8}


@pytest.fixture(scope="module")
def model() -> str:
    """The demo's model."""
    path = Path(os.environ.get("R1_CURATE_TEST_MODEL", ROOT / "models" / "SmolLM2-135M-Instruct"))
    assert (path / "config.json").exists(), f"no model in {path}: run `make setup` and `python tools/demo_model.py {path}`"
    return str(path)


def command(model: str, out: Path) -> list[str]:
    options = [text for name, value in ASKED.items() for text in (f"--{name.replace('_', '-')}", str(value))]
    return [sys.executable, "-c", START, "generate", *SOURCES, "-o", str(out), "--model", model, *options]


def alive(pids: list[int]) -> list[int]:
    """Those of the processes that still run (a zombie does not)."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            found.append(pid)
    return found


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 30
    while alive(pids):
        assert time.monotonic() < deadline, f"processes outlived their caller: {alive(pids)}"
        time.sleep(0.2)


def wait_for(out: Path, completions: int, process: "subprocess.Popen[str]") -> bool:
    """Until so many completions are committed; False where the run ended first."""
    while process.poll() is None:
        if (out / "completions").exists() and len(list(read_all(out / "completions"))) >= completions:
            return True
        time.sleep(0.2)
    return False


def test_from_prompts_to_a_dataset(model: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(command(model, out), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert check(out).problems == []
    kept = api.open(out).to_pandas()
    assert len(kept) > 5
    assert (kept.finish_reason == "stop").all()
    assert kept.reasoning.notna().all()
    assert set(api.open(out).to_arrow(part="prompts")["stop_reason"].to_pylist()) <= {"enough", "max_samples"}
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert sum(len(part) for part in loaded.values()) == len(kept)
    again = subprocess.run(command(model, out), capture_output=True, text=True, cwd=ROOT)
    assert again.returncode == 0
    assert "0 requests to the engine" in again.stdout
    shown = subprocess.run(
        [sys.executable, "-c", START, "inspect", str(out), "--json"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert json.loads(shown.stdout)


def test_killed_three_times_and_replayed(model: str, tmp_path: Path) -> None:
    """kill -9 of the caller: no engine process stays, committed requests are not asked again, and the recorded completions replayed give the same bytes."""
    out = tmp_path / "out"
    rng = random.Random(3)
    committed = 0
    for _ in range(3):
        process = subprocess.Popen(command(model, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        running = wait_for(out, committed + rng.randint(4, 14), process)
        family = children(process.pid)
        assert len(family) > 3 or not running
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_until_gone(family)
        now = len(list(read_all(out / "completions")))
        assert now > committed
        committed = now
        if not running:
            break
    done = subprocess.run(command(model, out), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]
    assert check(out).problems == []
    options = api.options(model="replayed", engine="scripted", quiet=True, **ASKED)  # type: ignore[arg-type]
    api.run(SOURCES, tmp_path / "replayed", options, replay(out))
    assert files(tmp_path / "replayed") == files(out)


def test_interrupted_and_gone_on_with(model: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(command(model, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert wait_for(out, 5, process)
    family = children(process.pid)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 3, error
    assert "the same command goes on" in error
    wait_until_gone(family)
    done = subprocess.run(command(model, out), capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-2000:]


def test_prompt_that_does_not_fit(model: str, tmp_path: Path) -> None:
    source = tmp_path / "long.jsonl"
    source.write_text('{"problem": "Count: ' + "word " * 12000 + '", "answer": "1"}\n{"problem": "1+1?", "answer": "2"}\n')
    start = [
        sys.executable,
        "-c",
        START,
        "generate",
        str(source),
        "-o",
        str(tmp_path / "out"),
        "--model",
        model,
        "--map",
        "messages=problem,gold=answer",
    ]
    done = subprocess.run([*start, "--verifier", "math", "-n", "1", "--max-tokens", "16"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "context" in done.stderr
    assert api.open(tmp_path / "out").complete


def test_interrupted_while_the_model_loads(model: str, tmp_path: Path) -> None:
    process = subprocess.Popen(command(model, tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    deadline = time.monotonic() + 60
    while len(family := children(process.pid)) < 3:
        assert time.monotonic() < deadline, "the engine did not begin to start"
        time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 3, error
    wait_until_gone(family)
    assert not list(read_all(tmp_path / "out" / "completions"))
