"""`curate train reward`: reward models from pairs or labels."""

import dataclasses
from typing import Any

import click

from curate.cli.engine_options import think_tags_option
from curate.cli.train_options import computing_options, concluded, ending_options, settings_of


@click.command("reward")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="The run's directory to make, or to go on with; the model ends up in OUT/model.")
@click.option("-m", "--model", required=True, help="The causal model to start from: a directory, or a name on the Hugging Face Hub.")
@click.option("--preset", default="small", show_default=True, help="Settings by name: small, r1-reward (the paper's).")
@click.option("--lr", type=float, help="Peak learning rate.")
@click.option("--epochs", type=float, help="Times that each pair or label is learned from.")
@click.option("--batch", type=int, help="Pairs or labels of an optimizer step.")
@click.option("--max-tokens", type=int, help="Longest prompt with its answer; longer ones are left out and counted.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of the prompts that the model is measured on.",
)
@computing_options
@click.option("--save-every", type=int, default=100, show_default=True, help="Steps between checkpoints.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the order and of what is held out.")
@think_tags_option
@click.option("--where", help="SQL condition: only rows for which it holds, such as 'margin > 2'.")
@click.option("--dry-run", is_flag=True, help="Print the settings and where they are from, and train nothing.")
@ending_options
def command(inputs: tuple[str, ...], output: str, model: str, preset: str, dry_run: bool, quiet: bool, as_json: bool, **given: Any) -> None:
    """Train a reward model on the kept rows of INPUT: pairs that `curate pairs` made (which response is better), or labels of `curate label` (is this output safe).

    A share of the prompts is held out; accuracy on them with its interval, and how far the model's sureness can be believed, are printed. The model is a sequence classifier with one label: `curate train grpo
    --preference-model` takes one of pairs, `--safety-model` one of labels.

    The same command goes on where it stopped, and ends with the same weights.

    Exit code 0 where the model is there; 1 where the run cannot go on; 2 for what was given wrongly.
    """
    from curate.cli import own_package

    presets = own_package("train.presets")
    settings = settings_of(presets.REWARD, preset, given)
    if dry_run:
        click.echo(own_package("train.looking").settled(settings, preset))
        return
    trainer = own_package("train.reward_model")
    where = given.pop("where")
    running = trainer.Running(**{f.name: given[f.name] for f in dataclasses.fields(trainer.Running)})
    made = trainer.reward(
        model, inputs, output, settings, running, where=where, say=(lambda line: None) if quiet or as_json else click.echo
    )
    concluded(made, output, as_json=as_json)
