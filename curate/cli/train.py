"""`curate train`: the trainers, a command each."""

import click

from curate.cli.train_grpo import command as grpo
from curate.cli.train_reward import command as reward
from curate.cli.train_sft import command as sft


@click.group("train")
def command() -> None:
    """Train on what came out: SFT on samples, GRPO on prompts, reward models on pairs and labels.

    On several GPUs or processes: torchrun --nproc-per-node N --no-python curate train ...
    """


@click.command("report")
@click.argument("directory")
def report(directory: str) -> None:
    """Draw the curves of a run that is going on or has ended: DIRECTORY/curves.png and DIRECTORY/report.html."""
    from pathlib import Path

    from curate.cli import own_package

    for page in own_package("train.curves").report(Path(directory)):
        click.echo(page)


command.add_command(sft)
command.add_command(grpo)
command.add_command(reward)
command.add_command(report)
