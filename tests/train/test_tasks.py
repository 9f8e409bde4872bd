"""The configuration of a training stage: a preset, changed fields, and what the trainer's Running takes."""

import pytest

from curate.errors import UsageError
from train import presets
from train.grpo import Running as RlRunning
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
