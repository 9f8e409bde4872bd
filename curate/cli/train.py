"""`curate train`: the trainers, a command each."""

import click

from curate.cli.train_grpo import command as grpo
from curate.cli.train_sft import command as sft


@click.group("train")
def command() -> None:
    """Train on what came out: SFT on samples, GRPO on prompts, reward models on pairs and labels.

    On several GPUs or processes: torchrun --nproc-per-node N --no-python curate train ...
    """


command.add_command(sft)
command.add_command(grpo)
