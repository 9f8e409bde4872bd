"""The configuration of a training stage: a preset, changed fields, and what the trainer's Running takes."""

import pytest
from safetensors.torch import load_file

from curate import api
from curate.errors import UsageError
from curate.stage import Task
from train import presets, tasks
from train.grpo import Running as RlRunning
from train.newborn import Shape, newborn
from train.sft import Running
from train.tasks import split


def test_a_preset_with_other_numbers_and_the_rest():
    settings, running = split({"preset": "zero-small", "steps": 7, "dtype": "float32", "save_every": 3}, presets.GRPO, RlRunning)
    assert (settings.steps, settings.rewards) == (7, presets.GRPO["zero-small"].rewards)
    assert (running.dtype, running.save_every) == ("float32", 3)


def test_lists_become_tuples_where_the_trainer_has_them():
    _, running = split({"think_tags": ["<a>", "</a>"]}, presets.SFT, Running)
    assert running.think_tags == ("<a>", "</a>")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"preset": "huge"}, "unknown preset 'huge': there are small, r1, distill"),
        ({"stepz": 3}, "stepz is no setting of this trainer: there are batch, "),
    ],
)
def test_what_fits_nothing_is_named(given, said):
    with pytest.raises(UsageError, match=said):
        split(given, presets.SFT, Running)


WORDS = ["one", "two", " three", "q"]


def count(messages, index, seed):
    """A short answer."""
    return "one three"


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two models, and a sample to train on."""
    place = tmp_path_factory.mktemp("two")
    for seed, name in enumerate(("model", "base")):
        newborn(place / name, WORDS, Shape(hidden=16, layers=1, heads=2, seed=seed))
    (place / "asked.jsonl").write_text('{"problem": "q", "accept": "finished", "mode": "plain"}\n')
    api.generate(str(place / "asked.jsonl"), place / "samples", model=f"{__name__}:count", engine="scripted", quiet=True)
    return place


@pytest.mark.parametrize("init", ["model", "base"])
def test_a_stage_fine_tunes_the_model_before_it_or_begins_again_from_the_base(two, tmp_path, init):
    inputs = {name: two / name for name in ("model", "base", "samples")}
    config = {"lr": 1e-12, "epochs": 1.0, "dtype": "float32", "init": init}
    tasks.sft(Task(inputs, config, {}, tmp_path, {"model": tmp_path / "run" / "model"}, lambda line: None))
    made, was = (load_file(path / "model.safetensors") for path in (tmp_path / "run" / "model", two / init))
    assert all(made[name].allclose(was[name], atol=1e-6) for name in was)


def test_an_init_that_is_no_input(two, tmp_path):
    with pytest.raises(UsageError, match=r"init is 'base': it is one of model$"):
        tasks.sft(Task({"model": two / "model", "samples": two / "samples"}, {"init": "base"}, {}, tmp_path, {}))
