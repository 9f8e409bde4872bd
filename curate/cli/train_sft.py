"""`curate train sft`: supervised fine-tuning on samples."""

import dataclasses
from typing import Any

import click

from curate.cli.engine_options import think_tags_option
from curate.cli.train_options import computing_options, concluded, ending_options, settings_of


@click.command("sft")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", required=True, help="The run's directory to make, or to go on with; the model ends up in OUT/model.")
@click.option("-m", "--model", required=True, help="The model to start from: a directory, or a name on the Hugging Face Hub.")
@click.option(
    "--preset", default="small", show_default=True, help="Settings by name: small, r1 (cold start and the 800k), distill (students)."
)
@click.option("--lr", type=float, help="Peak learning rate; it falls to a tenth by a cosine.")
@click.option("--epochs", type=float, help="Times that each row is trained.")
@click.option("--batch", type=int, help="Rows of an optimizer step.")
@click.option("--max-tokens", type=int, help="Longest row, prompt included.")
@click.option(
    "--too-long", type=click.Choice(["drop", "cut"]), help="Leave longer rows out, or cut them there. Either way they are counted."
)
@click.option("--cut-off", is_flag=True, help="Also train on answers that had run into a limit when they were made; they teach no end.")
@click.option("--every-turn", is_flag=True, help="Train on the assistant's earlier turns, too, not on the last alone.")
@click.option(
    "--validation", multiple=True, metavar="INPUT", help="Rows for the validation loss; what `curate mix` held out is taken by itself."
)
@click.option("--validate-every", type=int, default=50, show_default=True, help="Steps between validation losses.")
@click.option("--save-every", type=int, default=100, show_default=True, help="Steps between checkpoints.")
@click.option(
    "--lora-rank", type=int, default=0, help="Train adapters of this rank (peft) and save the model with them merged; 0: train all weights."
)
@computing_options
@click.option("--seed", type=int, default=0, show_default=True, help="Of the order of the rows.")
@think_tags_option
@click.option("--where", help="SQL condition: only rows for which it holds, such as \"domain = 'math'\".")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="FIELD=COLUMN,...",
    help="Columns of somebody else's set; or a ready map, as for curate filter.",
)
@click.option("--show", type=int, metavar="N", help="Print the first N rows with their trained tokens in colour, and train nothing.")
@click.option("--dry-run", is_flag=True, help="Print settings, rows, steps and an estimate of the peak memory, and train nothing.")
@ending_options
def command(
    inputs: tuple[str, ...],
    output: str,
    model: str,
    preset: str,
    mapping: tuple[str, ...],
    where: str | None,
    validation: tuple[str, ...],
    show: int | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    think_tags: tuple[str, str],
    **given: Any,
) -> None:
    """Fine-tune a model on the answers in INPUT: dataset directories of ours (the kept rows; a mixture's train/, its validation/ for the validation loss), or Parquet and JSON lines files of anyone.

    Prompt and answer are tokenised apart, so only the answer is trained, the token that ends the turn with it, and no chat template can take the chain out. A row with a chain is asked with the template's thinking on, one
    without with it off (enable_thinking; a template that has no such switch gets one, and the saved model carries it). Rows that are too long, were cut off, or say nothing are left out and counted.

    The same command goes on where it stopped, and ends with the same weights.

    Exit code 0 where the model is there; 1 where the run cannot go on; 2 for what was given wrongly.
    """
    from curate.cli import own_package
    from curate.cli.filter import foreign_mapping
    from curate.filtering.foreign import Reading

    presets = own_package("train.presets")
    settings = settings_of(presets.SFT, preset, given)
    reading = Reading(foreign_mapping(mapping))
    if show is not None or dry_run:
        looking = own_package("train.looking")
        if show is not None:
            click.echo(
                looking.show(model, inputs, show, think_tags=think_tags, every_turn=given["every_turn"], reading=reading, where=where),
                color=None,
            )
        if dry_run:
            click.echo(looking.settled(settings, preset))
            chosen = {n: given[n] for n in ("every_turn", "cut_off", "lora_rank", "dtype", "gradient_checkpointing")}
            click.echo(looking.rehearsed(model, inputs, settings, think_tags=think_tags, reading=reading, where=where, **chosen))
        return
    trainer = own_package("train.sft")
    named = {f.name for f in dataclasses.fields(trainer.Running)}
    running = trainer.Running(think_tags=think_tags, **{k: v for k, v in given.items() if k in named})
    made = trainer.sft(
        model,
        inputs,
        output,
        settings,
        running,
        reading=reading,
        where=where,
        validation=list(validation),
        say=(lambda line: None) if quiet or as_json else click.echo,
    )
    concluded(made, output, as_json=as_json)
