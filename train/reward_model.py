"""Reward models: a causal model with one number for an output, learned from pairs (which of two answers is better) or from labels (is this answer safe).

DeepSeek-R1 (arXiv 2501.12948v2, section 3.1) trains two: a helpful one on pairs, which sees the final response alone, and a safety one point-wise, which sees the whole output with its chain. The kind of the data decides here, too.
The number is read from the last token of an answer, the one that ends its turn; the head begins at zero, so training begins at the loss of a coin.

What is held out is a share of the prompts, chosen by a hash of their ids, so all answers to a prompt are on one side.

The model is saved as a sequence classifier with one label, as transformers loads it; as a reward: scoring.py.
"""

import copy
import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError

from curate.dataset import open as open_dataset
from curate.deliver.select import hashes
from curate.engines.fingerprint import fetch, fingerprint
from curate.errors import CurateError, RequestRefused, StoreError, UsageError
from curate.records import Message, digest
from train.chat import Answered, Chat
from train.data import Order
from train.intervals import mean_of_shares
from train.learner import Learner
from train.logs import Logs, headline
from train.lora import merged_state
from train.losses import pairwise_loss, pointwise_loss
from train.model import Loaded, Text, computing, hidden_states, load, packed
from train.packing import best_fit, dealt
from train.parallel import Ranks, full, unwrapped
from train.presets import Reward
from train.rundir import RunDirectory
from train.sft import BROKEN, ROW_TOKENS

Tensor = Any  # torch.Tensor: torch is not typed here
Kind = Literal["pairs", "labels"]

BINS = 10  # of the calibration
HEAD = "score.weight"


class Example(NamedTuple):
    """A pair (the better answer and the worse one) or a labelled answer: 1 for safe."""

    prompt_id: str
    texts: tuple[Text, ...]
    label: float


@dataclass(frozen=True, slots=True)
class Running:
    """What a run needs beside its settings."""

    seed: int = 0
    dtype: str = "bfloat16"
    held_out: float = 0.1
    save_every: int = 100
    gradient_checkpointing: bool | None = None  # None: on a GPU
    sharded: bool = False
    think_tags: tuple[str, str] = ("<think>", "</think>")
    wandb: bool = False
    overwrite: bool = False


class Rater(torch.nn.Module):  # type: ignore[misc]
    """A causal model's body and a head of one number."""

    def __init__(self, body: Any, head: Any) -> None:
        super().__init__()
        self.body, self.score = body, head

    def forward(self, texts: Sequence[Text]) -> Tensor:
        """The numbers of the texts, (texts,) in fp32, each from its text's last token; the texts stand in one row and do not see each other."""
        hidden_TD = hidden_states(self.body, packed(texts))
        ends = torch.from_numpy(np.cumsum([len(t.ids_T) for t in texts]) - 1).to(hidden_TD.device)
        return self.score(hidden_TD[ends]).squeeze(-1).float()


def fresh(model: Any) -> Rater:
    """A rater on a causal model's body that gives 0 for everything."""
    body = getattr(model, model.base_model_prefix)
    head = torch.nn.Linear(model.get_input_embeddings().weight.shape[1], 1, bias=False)
    torch.nn.init.zeros_(head.weight)
    return Rater(body, head)


def examples(inputs: Sequence[str], chat: Chat, max_tokens: int, where: str | None, counts: dict[str, int]) -> tuple[Kind, list[Example]]:
    """The kept pairs or labels of dataset directories; what is left out is counted. Raises UsageError for directories of another kind, of both, or without a row that can be used."""
    kinds: set[Kind] = set()
    found: list[Example] = []
    for name in inputs:
        dataset = open_dataset(name)
        kind = dataset.config.kind
        if kind not in ("pairs", "labels"):
            raise UsageError(f"{name} holds {kind}: a reward model learns from pairs (curate pairs) or labels (curate label)")
        kinds.add("pairs" if kind == "pairs" else "labels")
        for row in dataset.to_arrow(where).to_pylist():
            counts["rows"] = counts.get("rows", 0) + 1
            made = _example(kind, row, chat)
            reason = "refused" if made is None else "too_long" if max(len(t.ids_T) for t in made.texts) > max_tokens else ""
            if made is None or reason:
                counts[reason] = counts.get(reason, 0) + 1
            else:
                found.append(made)
    if len(kinds) > 1:
        raise UsageError("pairs and labels make different reward models: train one after the other")
    if not found:
        told = ", ".join(f"{n} {k}" for k, n in counts.items() if k != "rows") or "none was chosen"
        raise UsageError(f"there is nothing to train on in {', '.join(inputs)}: of {counts.get('rows', 0)} rows {told}")
    return kinds.pop(), found


def _example(kind: str, row: Mapping[str, Any], chat: Chat) -> Example | None:
    turns = tuple(Message(m["role"], m["content"]) for m in row["messages"])
    try:
        if kind == "pairs":
            return Example(row["prompt_id"], tuple(rated(chat, turns, row[f"{side}_response"]) for side in ("chosen", "rejected")), 1.0)
        return Example(row["prompt_id"], (rated(chat, turns, row["completion"]),), float(row["label"] == "safe"))
    except RequestRefused:
        return None


def rated(chat: Chat, messages: Sequence[Message], output: str) -> Text:
    """An output after its prompt, as a reward model reads it. Raises RequestRefused."""
    (text,) = chat.texts(Answered(messages, None, output, output, True))
    return text


class Trainer:
    """A rater and how it learns a step."""

    def __init__(self, kind: Kind, loaded: Loaded, settings: Reward, running: Running, ranks: Ranks, steps: int) -> None:
        self.kind, self.loaded, self.ranks, self.dtype = kind, loaded, ranks, running.dtype
        checkpointed = ranks.device.startswith("cuda") if running.gradient_checkpointing is None else running.gradient_checkpointing
        if checkpointed:
            loaded.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        loaded.model.train()
        self.learner = Learner(fresh(loaded.model), settings, steps, ranks)

    def rows(self, chosen: Sequence[Example]) -> list[list[Example]]:
        """This process's rows: the two answers of a pair are in one."""
        sizes = [sum(len(t.ids_T) for t in e.texts) for e in chosen]
        capacity = max([ROW_TOKENS[torch.device(self.ranks.device).type], *sizes])
        made = best_fit(sizes, capacity) if self.loaded.packs else [[i] for i in range(len(sizes))]
        return [[chosen[i] for i in row] for row in dealt(made, sizes, self.ranks.world)[self.ranks.rank]]

    def scores(self, row: Sequence[Example]) -> Tensor:
        """(examples, 2) of pairs, (examples, 1) of labels."""
        with computing(self.dtype, self.ranks.device):
            if self.loaded.packs:
                found = self.learner.module([t for e in row for t in e.texts])
            else:
                found = torch.cat([self.learner.module([t]) for e in row for t in e.texts])
        return found.reshape(len(row), -1)

    def loss(self, row: Sequence[Example], denominator: float) -> Tensor:
        """The row's share of the loss."""
        scores = self.scores(row)
        if self.kind == "pairs":
            return pairwise_loss(scores[:, 0], scores[:, 1], denominator)
        return pointwise_loss(scores[:, 0], torch.tensor([e.label for e in row], device=scores.device), denominator)

    def learn(self, chosen: Sequence[Example], step: int) -> dict[str, float]:
        """One optimizer step. Metrics: loss in nats an example, the gradient's norm, lr."""
        lr, total = self.learner.begin(step), 0.0
        rows = self.rows(chosen)
        for i, row in enumerate(rows):
            with self.ranks.accumulate(self.learner.module, last=i == len(rows) - 1):
                loss = self.loss(row or chosen[:1], len(chosen) / self.ranks.world) * (1.0 if row else 0.0)
                loss.backward()
            total += float(loss.detach()) / self.ranks.world
        return {"loss": self.ranks.summed({"loss": total})["loss"], **self.learner.apply(), "lr": lr}

    def measured(self, held: Sequence[Example]) -> dict[str, float]:
        """What the rater is worth on examples that it never saw: `accuracy` with its 95 % interval, `nll` in nats, and `calibration`, the mean distance of what it claims from what is so (expected calibration error)."""
        mine: list[list[float]] = []
        with torch.no_grad():
            for row in self.rows(held):
                if row:
                    found = self.scores(row)
                    margin = found[:, 0] - found[:, 1] if self.kind == "pairs" else found[:, 0]
                    mine += [[float(m), e.label] for m, e in zip(margin, row, strict=True)]
                else:
                    self.scores(held[:1])
        return quality([(m, label) for part in self.ranks.gathered(mine) for m, label in part])


def quality(judged: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Of (number, 1 or 0 for what is so): accuracy with its interval, mean negative log-likelihood, calibration error over ten bins of confidence (Guo et al., arXiv 1706.04599). A number of exactly 0 is half right."""
    right = [0.5 if m == 0 else float((m > 0) == (label == 1)) for m, label in judged]
    sure = [1 / (1 + math.exp(-min(abs(m), 700.0))) for m, _ in judged]
    estimate = mean_of_shares(right, [1] * len(right))
    gaps = 0.0
    for b in range(BINS):
        low, high = 0.5 + b / (2 * BINS), 0.5 + (b + 1) / (2 * BINS)
        inside = [i for i, s in enumerate(sure) if low <= s < high or (b == BINS - 1 and s >= high)]
        gaps += abs(sum(sure[i] for i in inside) - sum(right[i] for i in inside))
    nll = [math.log1p(math.exp(-abs(z))) + max(-z, 0.0) for m, label in judged for z in [m if label == 1 else -m]]
    told = {
        "accuracy": estimate.value,
        "accuracy_low": estimate.low,
        "accuracy_high": estimate.high,
        "nll": sum(nll) / len(nll),
        "calibration": gaps / len(judged),
    }
    return {name: value for name, value in told.items() if value is not None} | {"held_out": float(len(judged))}


def reward(
    model: str,
    inputs: Sequence[str],
    output: str,
    settings: Reward,
    running: Running = Running(),  # frozen
    *,
    where: str | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Train a reward model on dataset directories of pairs, or of labels, into `output`/model; how good it is on held-out prompts is returned. The same call goes on with a run that was stopped.

    Raises a CurateError: UsageError for what was given wrongly, IdentityMismatch for a directory of another run, StoreError where it cannot be written.
    """
    with Ranks.join("fsdp" if running.sharded else "ddp") as ranks:
        revision = fingerprint(model)
        loaded = load(fetch(model, None), ranks.device)
        chat = Chat(loaded.tokenizer, running.think_tags, switch=False)
        counts: dict[str, int] = {}
        kind, everything = examples(inputs, chat, min(settings.max_tokens, loaded.context), where, counts)
        everything.sort(key=lambda e: (e.prompt_id, *(t.ids_T.tobytes() for t in e.texts)))
        aside = hashes(running.seed, [e.prompt_id for e in everything], "held out") < np.uint64(int(running.held_out * float(1 << 63)) << 1)
        held = [e for e, out in zip(everything, aside, strict=True) if out]
        learning = [e for e, out in zip(everything, aside, strict=True) if not out]
        if not learning:
            raise UsageError("every prompt was held out: give more pairs or labels, or a smaller --held-out")
        identity = {
            "model": revision,
            "data": digest([[e.prompt_id, e.label, *(digest(t.ids_T.tolist()) for t in e.texts)] for e in everything]),
            **asdict(settings),
            **{name: getattr(running, name) for name in ("seed", "dtype", "held_out", "think_tags")},
        }
        run = RunDirectory(
            output, identity, {"base": model, "inputs": list(inputs), "kind": kind}, kind="reward", overwrite=running.overwrite
        )
        with run if ranks.is_main else nullcontext():
            ranks.barrier()
            if run.finished:
                say(f"{run.model} is there: nothing to do")
                return {"model": str(run.model)}
            order = Order(len(learning), settings.batch, settings.epochs, running.seed)
            trainer = Trainer(kind, loaded, settings, running, ranks, order.steps)
            if ranks.is_main:
                left = ", ".join(f"{n} {k}" for k, n in counts.items() if k != "rows")
                say(
                    f"{len(learning):,} {kind} to learn from, {len(held):,} held out{f', left out: {left}' if left else ''}; {order.steps:,} steps"
                )
            _train(trainer, learning, order, run, running, say)
            found = trainer.measured(held) if held else {}
            _save(trainer, run.model, chat)
            if ranks.is_main:
                say(_told(kind, found))
            ranks.barrier()
    return {"model": str(run.model), "kind": kind, "steps": order.steps, "counts": counts, **found}


def _train(
    trainer: Trainer, learning: Sequence[Example], order: Order, run: RunDirectory, running: Running, say: Callable[[str], None]
) -> None:
    first, broken = trainer.learner.resumed(run.checkpoints), 0
    with Logs(run.path, wandb=running.wandb) if trainer.ranks.is_main else nullcontext() as logs:
        if logs is not None:
            logs.truncate(first)
        for step in range(first, order.steps):
            began = time.perf_counter()
            values = trainer.learn([learning[i] for i in order.step(step)], step)
            values["time/step"] = time.perf_counter() - began
            broken = broken + 1 if "skipped" in values else 0
            if broken == BROKEN:
                raise CurateError(f"{BROKEN} steps in a row, up to step {step}, had a gradient that is not finite: lower --lr")
            if logs is not None:
                logs.add(step, values)
                say(f"step {step + 1}/{order.steps}  {headline(values)}")
            if not broken and ((step + 1) % running.save_every == 0 or step + 1 == order.steps):
                trainer.learner.saved(run.checkpoints, step + 1, {})


def _told(kind: Kind, found: Mapping[str, float]) -> str:
    if not found:
        return "nothing was held out: how good the model is was not measured"
    what = "held-out pairs in the right order" if kind == "pairs" else "held-out labels"
    interval = f" ({found['accuracy_low']:.1%} to {found['accuracy_high']:.1%})" if "accuracy_low" in found else ""
    return f"{found['accuracy']:.1%}{interval} of {found['held_out']:.0f} {what}; calibration error {found['calibration']:.3f}, {found['nll']:.3f} nats (a coin: 0.693)"


def _save(trainer: Trainer, directory: Path, chat: Chat) -> None:
    """As a sequence classifier with one label. Its padding token is none that ends a text: transformers reads the number from the last token that is no padding."""
    from transformers import AutoModelForSequenceClassification

    loaded, tokenizer = trainer.loaded, chat.tokenizer
    if tokenizer.pad_token_id in (None, chat.end):
        tokenizer.pad_token_id = next(i for i in (*sorted(tokenizer.all_special_ids), *range(len(tokenizer))) if i != chat.end)
    rater = unwrapped(trainer.learner.module)
    prefix = loaded.model.base_model_prefix
    named = {f"{prefix}.{n}": t for n, t in merged_state(rater.body)} | {HEAD: full(rater.score.weight.detach())}
    if not trainer.ranks.is_main:
        return
    config = copy.deepcopy(loaded.model.config)
    config.num_labels, config.pad_token_id, config.dtype = 1, tokenizer.pad_token_id, loaded.dtype
    with torch.device("meta"):
        classifier = AutoModelForSequenceClassification.from_config(config)
    unknown = set(named) ^ set(classifier.state_dict())
    if unknown:
        raise CurateError(
            f"a {type(loaded.model).__name__} makes no sequence classifier that transformers loads: {sorted(unknown)[0]} is only in one of the two"
        )
    temporary = directory.with_name(directory.name + ".tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of a run that was killed
        classifier.save_pretrained(temporary, state_dict={n: t.to("cpu", loaded.dtype).contiguous() for n, t in named.items()})
        tokenizer.save_pretrained(temporary)
        temporary.rename(directory)
    except (OSError, SafetensorError) as error:
        raise StoreError.writing(directory, error) from error
