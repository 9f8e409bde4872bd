import json
import math
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file

from curate.config import checked
from curate.errors import CurateError, UsageError
from curate.filtering.funnel import Funnel
from curate.records import Label, Pair, label_row, make_prompt, pair_row
from curate.shards import Directory, ShardWriter
from tests.train import toys
from train.presets import REWARD
from train.reward_model import Running, quality, reward
from train.scoring import scorer_of

SETTINGS = replace(REWARD["small"], lr=3e-3, batch=8, epochs=3, max_tokens=64)
RUNNING = Running(dtype="float32", save_every=1, held_out=0.25)


class Killed(Exception):
    pass


def answer(drawn: random.Random, kind: str) -> str:
    return "".join(drawn.choice("aeiou" if kind == "good" else "xyzwq") for _ in range(drawn.randint(3, 12)))


def dataset(where: Path, kind: str, count: int = 60, *, lie: bool = False) -> str:
    """Pairs whose better answer is made of vowels, or labels where these are safe."""
    drawn = random.Random(0)
    config = checked(kind, {"where": None}, {})
    with Directory(where, kind) as directory:
        directory.begin(config, overwrite=False)
        counts = Funnel(())
        with ShardWriter(directory, "00000000-00000000") as writer:
            for i in range(count):
                prompt = make_prompt(f"Q{i}")
                good, bad = answer(drawn, "good"), answer(drawn, "bad")
                row = (
                    pair(prompt, i, good, bad)
                    if kind == "pairs"
                    else label(prompt, i, good if i % 2 else bad, "safe" if i % 2 else "unsafe")
                )
                writer.add("kept", row)
                counts.count({**row, "completion_tokens": 1, "characters": 1}, (), {}, kept=True, rate=None)
            writer.commit(funnel=counts.as_dict(), input_digest="")
        directory.finish()
    return str(where)


def pair(prompt, i, good, bad):
    return pair_row(
        Pair(prompt, f"{i}", prompt.id, good, None, good, "a", "m", 1, 8.0, bad, "a chain that is not read" * 9, bad, "b", "m", 1, 2.0, 6.0)
    )


def label(prompt, i, text, said):
    return label_row(Label(prompt, f"{i}", prompt.id, text, None, text, 1, "m", said, float(said == "unsafe"), 0))


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return toys.directory(tmp_path_factory.mktemp("base"), spread=0.1)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    return dataset(tmp_path_factory.mktemp("pairs") / "d", "pairs")


def run(base, inputs, out, settings=SETTINGS, running=RUNNING, *, kill_at=None):
    def say(line):
        if kill_at is not None and line.startswith(f"step {kill_at}/"):
            raise Killed

    return reward(str(base), [inputs], str(out), settings, running, say=say)


@pytest.mark.parametrize("kind", ["pairs", "labels"])
def test_it_learns_what_the_data_say_and_is_measured_on_prompts_that_it_never_saw(kind, base, tmp_path):
    made = run(base, dataset(tmp_path / "d", kind), tmp_path / "out", replace(SETTINGS, epochs=8), replace(RUNNING, save_every=1000))
    assert made["kind"] == kind
    assert 5 <= made["held_out"] <= 30
    assert made["accuracy"] > 0.9
    assert made["nll"] < 0.5
    assert made["accuracy_low"] <= made["accuracy"] <= made["accuracy_high"]
    found = [json.loads(line)["loss"] for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert found[0] == pytest.approx(math.log(2), abs=1e-4)
    score = scorer_of(str(tmp_path / "out" / "model"))
    good, bad = score([make_prompt("Q")] * 2, ["aeiouae", "xyzwqxy"])
    assert 0 < bad < 0.5 < good < 1


def test_transformers_gives_the_same_number_alone_and_padded(base, pairs, tmp_path):
    run(base, pairs, tmp_path)
    score = scorer_of(str(tmp_path / "model"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "model", dtype=torch.float32)
    outputs = ["aei", "xyzwqxyxyxyzw"]
    ours = score([make_prompt("Q")] * 2, outputs)
    ask = [
        tokenizer.apply_chat_template([{"role": "user", "content": "Q"}], add_generation_prompt=True, tokenize=False, enable_thinking=False)
        for _ in outputs
    ]
    given = tokenizer(
        [a + o + "</s>" for a, o in zip(ask, outputs, strict=True)],
        return_tensors="pt",
        padding=True,
        add_special_tokens=False,
        return_token_type_ids=False,
    )
    with torch.no_grad():
        theirs = torch.sigmoid(model(**given).logits[:, 0])
    assert theirs.tolist() == pytest.approx(ours, abs=1e-5)
    one_by_one = [score([make_prompt("Q")], [output])[0] for output in outputs]
    assert ours == pytest.approx(one_by_one, abs=1e-6)
    assert score([make_prompt("Q")] * 3, ["xyz" * 400, *outputs]) == [None, *(pytest.approx(n, abs=1e-6) for n in ours)], (
        "what is too long has no number"
    )
    assert tokenizer.pad_token_id != tokenizer.eos_token_id


def test_a_run_that_was_killed_anywhere_ends_with_the_same_bits(base, pairs, tmp_path):
    run(base, pairs, tmp_path / "whole")
    for kill_at in (1, 5):
        with pytest.raises(Killed):
            run(base, pairs, tmp_path / "killed", kill_at=kill_at)
    run(base, pairs, tmp_path / "killed")
    a, b = (load_file(tmp_path / n / "model" / "model.safetensors") for n in ("whole", "killed"))
    assert all(torch.equal(a[n], b[n]) for n in a)


def test_data_of_another_kind_or_of_both_and_rows_that_are_too_long_are_told(base, pairs, tmp_path):
    labels = dataset(tmp_path / "l", "labels", 4)
    with pytest.raises(UsageError, match="pairs and labels make different reward models"):
        reward(str(base), [pairs, labels], str(tmp_path / "out"), SETTINGS, RUNNING, say=lambda line: None)
    with pytest.raises(UsageError, match=r"nothing to train on.*too_long"):
        run(base, pairs, tmp_path / "out", replace(SETTINGS, max_tokens=10))
    with pytest.raises(CurateError, match=r"is not a dataset directory"):
        run(base, str(tmp_path), tmp_path / "out")


def test_a_causal_model_is_no_reward_model(base):
    with pytest.raises(UsageError, match="no reward model"):
        scorer_of(str(base))


@pytest.mark.parametrize(
    ("judged", "accuracy", "calibration"),
    [
        ([(9.0, 1), (9.0, 1)], 1.0, 0.0),
        ([(9.0, 1), (9.0, 0)], 0.5, 0.5),  # as sure as can be, and wrong half of the time
        ([(0.0, 1), (0.0, 0)], 0.5, 0.0),
        ([(-2.0, 0), (-2.0, 0), (-2.0, 0)], 1.0, 1 - 1 / (1 + math.exp(-2))),
        ([(1e6, 0)], 0.0, 1.0),
    ],
)
def test_quality_of_known_judgements(judged, accuracy, calibration):
    found = quality(judged)
    assert found["accuracy"] == accuracy
    assert found["calibration"] == pytest.approx(calibration, abs=1e-3)
