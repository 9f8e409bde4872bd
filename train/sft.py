"""Supervised fine-tuning, from top to bottom: texts into rows, one loss for the whole optimizer step, a checkpoint now and then.

An optimizer step trains `batch` texts, packed into rows that go through the model one at a time. Its loss is the sum over all trained tokens of all rows on all processes, divided by their number: neither packing nor the
number of processes changes it (the mean of means of older trainers weighs short texts more). The prompt is read and not trained.

A run is a function of its directory's `identity`: killed at any step and begun again, it ends with the same weights, on a CPU with as many threads bit for bit.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import torch

from curate.engines.fingerprint import fetch, fingerprint
from curate.errors import CurateError
from curate.filtering.foreign import Reading
from curate.records import digest
from train.chat import Chat
from train.data import Corpus, Limits, Order, both_modes, build, content_of, sides, told
from train.learner import Learner
from train.logs import Logs, headline
from train.lora import add_lora, merged_state
from train.model import Loaded, Scorer, computing, load, packed, save
from train.packing import best_fit, dealt
from train.parallel import Ranks
from train.presets import Sft
from train.rundir import RunDirectory

Tensor = Any  # torch.Tensor: torch is not typed here

ROW_TOKENS = {
    "cpu": 1024,
    "cuda": 8192,
}  # rows are at least as long as the longest text; on a CPU longer ones spend their time on attention
BROKEN = 5  # steps in a row without a finite gradient


@dataclass(frozen=True, slots=True)
class Running:
    """What a run needs beside its settings; none of it changes what is learned, but for `seed`, `dtype`, `lora_rank`, `every_turn` and `cut_off`."""

    seed: int = 0
    dtype: str = "bfloat16"
    lora_rank: int = 0
    every_turn: bool = False
    cut_off: bool = False
    think_tags: tuple[str, str] = ("<think>", "</think>")
    save_every: int = 100
    validate_every: int = 50
    gradient_checkpointing: bool | None = None  # None: on a GPU
    sharded: bool = False  # FSDP2 in place of DDP
    wandb: bool = False
    overwrite: bool = False


LEARNED = ("seed", "dtype", "lora_rank", "every_turn", "cut_off", "think_tags")  # of Running: what the model depends on
DEFAULT, NO_MAP = Running(), Reading({})


class Trainer:
    """The model with what is learned of it, and how it learns a step: used by `sft` and, with other texts, by whoever wants one."""

    def __init__(self, loaded: Loaded, settings: Sft, running: Running, ranks: Ranks, steps: int) -> None:
        self.loaded, self.settings, self.ranks, self.dtype = loaded, settings, ranks, running.dtype
        if running.lora_rank:
            add_lora(loaded.model, running.lora_rank, running.seed)
        checkpointed = running.gradient_checkpointing
        if checkpointed or (checkpointed is None and ranks.device.startswith("cuda")):
            loaded.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        loaded.model.train()
        self.learner = Learner(Scorer(loaded.model), settings, steps, ranks)

    def row_tokens(self, corpus: Corpus) -> int:
        """How long rows are; where the model does not keep texts apart, a row holds one."""
        return max(int(corpus.lengths.max()), ROW_TOKENS[torch.device(self.ranks.device).type])

    def rows(self, corpus: Corpus, texts: Sequence[int], capacity: int) -> list[list[int]]:
        """This process's rows of the texts."""
        lengths = [int(corpus.lengths[i]) for i in texts]
        rows = best_fit(lengths, capacity) if self.loaded.packs else [[i] for i in range(len(texts))]
        return [[texts[i] for i in row] for row in dealt(rows, lengths, self.ranks.world)[self.ranks.rank]]

    def nll(self, corpus: Corpus, row: Sequence[int], scale: float) -> Tensor:
        """The sum of -log p over a row's trained tokens, times `scale`; a row without work is the first text with weights of zero, so that all processes do the same."""
        with computing(self.dtype, self.ranks.device):
            texts = packed([corpus[i] for i in row or (0,)])
            weights_N = torch.full((len(texts.targets_N),), scale if row else 0.0, device=self.ranks.device)
            return self.learner.module(texts, weights_N)

    def learn(self, corpus: Corpus, texts: Sequence[int], capacity: int, step: int) -> dict[str, float]:
        """One optimizer step on the texts. Metrics: loss in nats a token, the gradient's norm before clipping, lr, trained tokens; `skipped` where the gradient was not finite and nothing was learned."""
        tokens = int(corpus.asked_counts[list(texts)].sum())
        rows = self.rows(corpus, texts, capacity)
        lr = self.learner.begin(step)
        total = 0.0
        for i, row in enumerate(rows):
            with self.ranks.accumulate(self.learner.module, last=i == len(rows) - 1):
                loss = self.nll(corpus, row, self.ranks.world / tokens)  # gradients are averaged over processes
                loss.backward()
            total += float(loss.detach()) / self.ranks.world
        found = self.learner.apply()
        return {"loss": self.ranks.summed({"loss": total})["loss"], **found, "lr": lr, "tokens": tokens}

    def validated(self, corpus: Corpus) -> float:
        """The loss on a corpus, in nats a token."""
        rows = self.rows(corpus, range(len(corpus)), self.row_tokens(corpus))
        with torch.no_grad():
            total = sum(float(self.nll(corpus, row, 1.0)) for row in rows)
        return self.ranks.summed({"nll": total})["nll"] / int(corpus.asked_counts.sum())


def sft(
    model: str,
    inputs: Sequence[str],
    output: str,
    settings: Sft,
    running: Running = DEFAULT,
    *,
    reading: Reading = NO_MAP,
    where: str | None = None,
    validation: Sequence[str] = (),
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Fine-tune the model (a directory or a name on the Hub) on samples into `output`/model; what came of it is returned. The same call goes on with a run that was stopped.

    Raises a CurateError: UsageError for what was given wrongly, IdentityMismatch for a directory of another run, StoreError where it cannot be written.
    """
    with Ranks.join("fsdp" if running.sharded else "ddp") as ranks:
        loaded = load(fetch(model, None), ranks.device)
        training, held_out = sides(inputs)
        held_out += validation
        switch = both_modes(training, reading, where)
        chat = Chat(loaded.tokenizer, running.think_tags, switch=switch)
        limits = Limits(min(settings.max_tokens, loaded.context), settings.too_long, running.cut_off, running.every_turn)
        revision = fingerprint(model)
        identity = {
            "model": revision,
            "data": digest([content_of(training, reading), content_of(held_out, reading)]),
            "where": where,
            **asdict(settings),
            **{name: getattr(running, name) for name in LEARNED},
        }
        told_of_it = {
            "base": model,
            "inputs": list(inputs),
            "validation": list(validation),
            "processes": ranks.world,
            "threads": torch.get_num_threads(),
        }
        run = RunDirectory(output, identity, told_of_it, kind="sft", overwrite=running.overwrite)
        with run if ranks.is_main else nullcontext():
            ranks.barrier()
            if run.finished:
                say(f"{run.model} is there: nothing to do")
                return {"model": str(run.model)}
            key = [revision, list(running.think_tags), switch]

            def corpora() -> list[Corpus | None]:
                wheres = (where, None)
                return [
                    build(names, chat, limits, run.path / "data", reading=reading, where=w, key=key) if names else None
                    for names, w in zip((training, held_out), wheres, strict=True)
                ]

            made = corpora() if ranks.is_main else []
            ranks.barrier()
            corpus, validating = made or corpora()
            assert corpus is not None  # `sides` gives names to train on
            order = Order(len(corpus), settings.batch, settings.epochs, running.seed)
            if ranks.is_main:
                if chat.plain_template:
                    say("the tokenizer has no chat template: a plain one (User: ... Assistant: ...) is saved with the model")
                say(f"{told(corpus.counts)}; {order.steps:,} steps of {settings.batch}")
            trainer = Trainer(loaded, settings, running, ranks, order.steps)
            last = _train(trainer, corpus, validating, order, run, running, say)
            state = dict(merged_state(loaded.model))  # all processes gather it
            if ranks.is_main:
                save(loaded, state, run.model, ends=chat.ends)
            ranks.barrier()
    return {"model": str(run.model), "steps": order.steps, "counts": corpus.counts, **last}


def _train(
    trainer: Trainer,
    corpus: Corpus,
    validating: Corpus | None,
    order: Order,
    run: RunDirectory,
    running: Running,
    say: Callable[[str], None],
) -> dict[str, float]:
    """All steps that are not done; the last metrics are returned."""
    ranks, capacity = trainer.ranks, trainer.row_tokens(corpus)
    first = trainer.learner.resumed(run.checkpoints)
    broken, values = 0, dict[str, float]()
    with Logs(run.path, wandb=running.wandb) if ranks.is_main else nullcontext() as logs:
        if logs is not None:
            logs.truncate(first)
        for step in range(first, order.steps):
            began = time.perf_counter()
            values = trainer.learn(corpus, order.step(step), capacity, step)
            seconds = time.perf_counter() - began
            values |= {"time/step": seconds, "time/tokens_per_s": values["tokens"] / seconds}
            broken = broken + 1 if "skipped" in values else 0
            if broken == BROKEN:
                raise CurateError(
                    f"{BROKEN} steps in a row, up to step {step}, had a gradient that is not finite: lower --lr; the checkpoints before them are whole"
                )
            done = step + 1
            if validating is not None and (done % running.validate_every == 0 or done == order.steps):
                values["val_loss"] = trainer.validated(validating)
            if logs is not None:
                logs.add(step, values)
                say(f"step {done}/{order.steps}  {headline(values)}")
            if not broken and (done % running.save_every == 0 or done == order.steps):
                trainer.learner.saved(run.checkpoints, done, {})
    return values
