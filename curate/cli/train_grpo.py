"""`curate train grpo`: reinforcement learning on prompts."""

import dataclasses
from typing import Any

import click

from curate.cli.engine_options import engine_arguments, model_options, running_options, think_tags_option
from curate.cli.source_options import source_options, unsafe_option
from curate.cli.train_options import computing_options, concluded, ending_options, settings_of


@click.command("grpo")
@click.argument("sources", nargs=-1, required=True)
@click.option("-o", "--output", required=True, help="The run's directory to make, or to go on with; the model ends up in OUT/model.")
@model_options
@click.option(
    "--preset",
    default="small",
    show_default=True,
    help="Settings by name: the paper's zero, reasoner, aligned; zero-small, reasoner-small, aligned-small and small for one machine.",
)
@click.option(
    "--rewards",
    metavar="NAME=WEIGHT,...",
    help="accuracy, partial_accuracy, format, summary, language, preference, harmlessness, or module:function.",
)
@click.option(
    "--preference-model", help="Reward model of pairs (curate train reward) that the reward preference is from: it sees the response alone."
)
@click.option("--safety-model", help="Reward model of labels that the reward harmlessness is from: it sees the whole output.")
@click.option("--steps", type=int, help="Optimizer steps.")
@click.option("--prompts", type=int, help="Prompts of an optimizer step.")
@click.option("--group", type=int, help="Answers to each prompt.")
@click.option("--reuse", type=int, help="Optimizer steps that one rollout is for.")
@click.option("--max-tokens", type=int, help="Longest answer.")
@click.option("--temperature", type=float, help="Of the rollouts.")
@click.option("--lr", type=float, help="Learning rate.")
@click.option("--floor", type=float, help="Learning rate at the end, as a share of the peak; 1: it stays.")
@click.option("--warmup", type=float, help="Share of the steps over which it rises.")
@click.option("--kl-coef", type=float, help="Weight of the divergence from the reference; 0: no reference.")
@click.option("--ref-every", type=int, help="Steps after which the reference becomes the policy; 0: never.")
@click.option("--clip-low", type=float, help="Lower clip of the ratio.")
@click.option("--clip-high", type=float, help="Upper clip of the ratio.")
@click.option("--dual-clip", type=float, help="Most that a token of a bad answer weighs, in advantages; 0: no bound.")
@click.option(
    "--normalise",
    type=click.Choice(["sequence", "token", "constant"]),
    help="Mean over tokens then answers (GRPO), over all tokens (DAPO), or by a constant (Dr. GRPO).",
)
@click.option("--scale", type=click.Choice(["group", "none", "batch"]), help="What advantages are divided by.")
@click.option("--truncated", type=click.Choice(["zero", "mask"]), help="An answer that was cut off: no reward, or no part of the loss.")
@click.option("--overlong", type=int, help="Tokens before the limit from which length costs reward; 0: none.")
@click.option(
    "--rounds",
    type=int,
    help="Most prompts asked for each that is wanted, to replace groups whose rewards are all equal; 1: none replaced.",
)
@click.option("--preference-steps", type=int, help="Last steps in which prompts without a verifier are asked; 0: all.")
@click.option(
    "--template",
    type=click.Choice(["chat", "r1-zero"]),
    default="chat",
    show_default=True,
    help="chat: the model's own; r1-zero: plain text for a base model.",
)
@click.option("--system-prompt", help="A system turn before everything else.")
@click.option("--few-shot", help="JSONL file of worked examples (question, answer, source), or builtin:demo.")
@click.option("--prefill", default="", help="Text that every answer begins with.")
@click.option(
    "--lora-rank",
    type=int,
    default=0,
    help="Train adapters of this rank (peft), merged in every model that is written; 0: train all weights.",
)
@computing_options
@click.option("--save-every", type=int, default=20, show_default=True, help="Steps between checkpoints.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the prompts' order and of every answer.")
@think_tags_option
@running_options
@click.option("--dry-run", is_flag=True, help="Print the settings and where they are from, and train nothing.")
@ending_options
@unsafe_option
@source_options
def command(
    sources: tuple[str, ...],
    output: str,
    preset: str,
    template: str,
    system_prompt: str | None,
    few_shot: str | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Train a model on the prompts of SOURCES by GRPO: it answers each prompt several times, and what is better than its group becomes likelier.

    A SOURCE is what `curate generate` takes. Rewards are the prompts' verifiers, the form, the chain's language, or functions of yours, with weights. Every rollout is written to OUT/rollouts before it is learned from, as a
    dataset that `curate filter`, `curate inspect` and `curate generate` read.

    The engine (vllm, or transformers where there is none) gets the weights after every rollout, and a canary holds its log-probabilities against the trainer's. The run stops itself when entropy, divergence, mismatch or the
    share of truncated answers leave their bounds; the model is then that of the best checkpoint.

    The same command goes on where it stopped: a rollout that is recorded is not sampled again. With the transformers engine it ends with the same weights; vLLM may answer otherwise what it is asked anew.

    Exit code 0 where the model is there; 1 where the run cannot go on; 2 for what was given wrongly.
    """
    from curate import api
    from curate.cli import own_package
    from curate.cli.source_options import source_arguments
    from curate.templates import Template, read_examples

    presets = own_package("train.presets")
    settings = settings_of(presets.GRPO, preset, given)
    source, weights, limit = source_arguments(given)
    if dry_run:
        click.echo(own_package("train.looking").settled(settings, preset))
        return
    engine = api.options(**engine_arguments(given)).engine
    trainer = own_package("train.grpo")
    examples = read_examples(few_shot) if few_shot else ()
    named = {f.name for f in dataclasses.fields(trainer.Running)}
    running = trainer.Running(template=Template(template, system_prompt, examples), **{k: v for k, v in given.items() if k in named})
    prompts = own_package("train.prompts").read(sources, source, weights, limit)
    models = {
        name: given[option] for name, option in (("preference", "preference_model"), ("harmlessness", "safety_model")) if given[option]
    }
    made = trainer.grpo(
        engine, prompts, output, settings, running, reward_models=models, say=(lambda line: None) if quiet or as_json else click.echo
    )
    concluded(made, output, as_json=as_json)
