import json
from dataclasses import replace

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from curate.engines.hosting.rendering import Renderer, load_tokenizer
from curate.errors import CurateError, UsageError
from tests.train import toys
from train.presets import SFT
from train.sft import Running, sft

SETTINGS = replace(SFT["small"], lr=5e-3, batch=8, epochs=2, max_tokens=64)
RUNNING = Running(dtype="float32", save_every=1)


class Killed(Exception):
    pass


def sums(count=40, *, first=0):
    """Half of them with a chain."""
    for i in range(first, first + count):
        a, b = i % 10, i * 7 % 10
        chained = i % 2 == 0
        yield {
            "messages": f"{a}+{b}",
            "completion": f"<think>{a} and {b}</think>{a + b}" if chained else f"{a + b}",
            "mode": "think" if chained else "plain",
        }


def written(path, rows):
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return str(path)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return toys.directory(tmp_path_factory.mktemp("base"), spread=0.05, hidden_size=64, intermediate_size=96, head_dim=16)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return written(tmp_path_factory.mktemp("rows") / "rows.jsonl", sums())


def run(base, rows, out, settings=SETTINGS, running=RUNNING, *, kill_at=None, **other):
    lines = []

    def say(line):
        lines.append(line)
        if kill_at is not None and line.startswith(f"step {kill_at}/"):
            raise Killed

    return sft(str(base), [rows], str(out), settings, running, say=say, **other), lines


def weights(out):
    return load_file(out / "model" / "model.safetensors")


def metrics(out):
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("running", [RUNNING, replace(RUNNING, lora_rank=2), replace(RUNNING, dtype="bfloat16", save_every=3)])
def test_a_run_that_was_killed_anywhere_ends_with_the_same_bits(base, rows, tmp_path, running):
    run(base, rows, tmp_path / "whole", running=running)
    for kill_at in (1, 6, 9):
        with pytest.raises(Killed):
            run(base, rows, tmp_path / "killed", running=running, kill_at=kill_at)
    run(base, rows, tmp_path / "killed", running=running)
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert any(not torch.equal(a[n], t) for n, t in load_file(base / "model.safetensors").items())
    assert all(torch.equal(a[n], b[n]) for n in a)
    assert [m["step"] for m in metrics(tmp_path / "killed")] == list(range(10))
    assert [m["loss"] for m in metrics(tmp_path / "whole")] == [m["loss"] for m in metrics(tmp_path / "killed")]


def test_the_loss_of_a_step_is_the_mean_over_its_tokens_however_they_are_packed(base, rows, tmp_path, monkeypatch):
    found = []
    for tokens in (40, 70, 1024):
        monkeypatch.setattr("train.sft.ROW_TOKENS", {"cpu": tokens})
        run(base, rows, tmp_path / str(tokens), replace(SETTINGS, epochs=0.5))
        found.append([m["loss"] for m in metrics(tmp_path / str(tokens))])
    assert found[1] == pytest.approx(found[0], abs=1e-5)
    assert found[2] == pytest.approx(found[0], abs=1e-5)


def test_both_modes_are_learned_and_the_prompt_says_which(base, rows, tmp_path):
    """The saved model, asked as an engine asks it, thinks where thinking is on and does not where it is off."""
    run(base, rows, tmp_path, replace(SETTINGS, epochs=40, lr=1e-2), replace(RUNNING, save_every=1000))
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    tokenizer = load_tokenizer(str(tmp_path / "model"), {})
    said = {}
    for thinking in (True, False):
        render = Renderer(tokenizer, {"enable_thinking": thinking}, "<think>")
        answers = []
        for question in ("3+1", "4+8", "7+9"):
            ids = torch.tensor([render({"messages": [("user", question)], "text": None, "prefill": "", "continuation": ""}).ids])
            made = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=40)
            answers.append(tokenizer.decode(made[0, ids.shape[1] :]))
        said[thinking] = answers
    assert all(a.startswith("<think>") and a.endswith("</s>") for a in said[True]), said
    assert all("think" not in a and a.endswith("</s>") for a in said[False]), said


def test_the_loss_falls_and_a_held_out_one_is_told(base, rows, tmp_path):
    held_out = written(tmp_path / "held.jsonl", sums(10, first=100))
    run(
        base, rows, tmp_path / "out", replace(SETTINGS, epochs=6), replace(RUNNING, validate_every=5, save_every=100), validation=[held_out]
    )
    found = metrics(tmp_path / "out")
    assert found[-1]["loss"] < found[0]["loss"] / 2
    assert [m["step"] for m in found if "val_loss" in m] == [4, 9, 14, 19, 24, 29]
    assert found[29]["val_loss"] < found[4]["val_loss"]


def test_the_learning_rate_ends_at_a_tenth(base, rows, tmp_path):
    run(base, rows, tmp_path)
    found = [m["lr"] for m in metrics(tmp_path)]
    assert max(found) == pytest.approx(5e-3)
    assert found[-1] == pytest.approx(5e-4)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([{"messages": "q", "completion": ""}], "nothing to train on"),
        ([{"messages": "q", "completion": "x" * 100}], "nothing to train on.*1 too_long"),
        ([{"messages": "q", "response": ""}], "nothing to train on.*1 empty"),
    ],
)
def test_rows_that_cannot_be_trained_end_the_run_in_a_sentence(base, tmp_path, made, said):
    with pytest.raises(UsageError, match=said):
        run(base, written(tmp_path / "rows.jsonl", made), tmp_path / "out")


def test_another_run_is_refused_and_a_finished_one_left_alone(base, rows, tmp_path):
    run(base, rows, tmp_path)
    assert "nothing to do" in run(base, rows, tmp_path)[1][0]
    with pytest.raises(CurateError, match="another configuration: lr"):
        run(base, rows, tmp_path, replace(SETTINGS, lr=1e-5))
    with pytest.raises(CurateError, match="another configuration: data"):
        run(base, written(tmp_path.parent / "other.jsonl", sums(3)), tmp_path)


def test_a_gradient_that_is_never_finite_ends_the_run(base, rows, tmp_path):
    broken = tmp_path / "broken"
    toys.directory(broken, spread=0.05)
    tensors = load_file(broken / "model.safetensors")
    tensors["model.norm.weight"][0] = float("inf")
    save_file(tensors, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(CurateError, match=r"not finite|none that the trainers"):
        run(broken, rows, tmp_path / "out")
