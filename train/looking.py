"""What a run would train, before it does: rows with their trained tokens in colour, the settings with where they are from, and the memory that they need. Nothing is written."""

import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from curate.deliver.source import Source
from curate.engines.fingerprint import fetch
from curate.errors import RequestRefused
from curate.filtering.foreign import Reading
from train.chat import Chat
from train.data import Limits, Order, answered, both_modes, build, sides, told
from train.memory import estimate, render
from train.model import Text
from train.presets import NOTES, Optimizing, Sft, described


def coloured(text: Text, tokenizer: Any) -> str:
    """A text as its tokens say it: what is trained in green, what is only read dim."""
    parts: list[str] = []
    start = 0
    for stop in range(1, len(text.ids_T) + 1):
        if stop == len(text.ids_T) or text.asked_T[stop] != text.asked_T[start]:
            piece = tokenizer.decode(text.ids_T[start:stop].tolist(), skip_special_tokens=False, clean_up_tokenization_spaces=False)
            trained = bool(text.asked_T[start])
            parts.append(click.style(piece, fg="green" if trained else None, bold=trained, dim=not trained))
            start = stop
    return "".join(parts)


def show(
    model: str, inputs: Sequence[str], count: int, *, think_tags: tuple[str, str], every_turn: bool, reading: Reading, where: str | None
) -> str:
    """The first rows as they would be trained."""
    from curate.engines.hosting.rendering import load_tokenizer

    training, _ = sides(inputs)
    chat = Chat(load_tokenizer(fetch(model, None), {}), think_tags, switch=both_modes(training, reading, where))
    out: list[str] = []
    for row, _mode in islice(answered(Source(training, reading, rejects=False, where=where)), count):
        try:
            texts = chat.texts(row, every_turn=every_turn)
        except RequestRefused as error:
            out.append(f"left out: {error}")
            continue
        for text in texts:
            out.append(
                f"{len(text.ids_T):,} tokens, {int(text.asked_T.sum()):,} trained (in green){'' if row.ended else '; left out: cut off when made'}"
            )
            out.append(coloured(text, chat.tokenizer))
    return "\n".join(out) or "no row was chosen"


def settled(settings: Optimizing, preset: str) -> str:
    """The settings as a table, with where the paper has them."""
    rows = [
        f"  {name:<17} {value!s:<24} {what}{f' ({source})' if source else ''}" for name, value, what, source in described(settings, preset)
    ]
    note = f": {NOTES[preset]}" if preset in NOTES else ""
    return "\n".join([f"preset {preset}{note}", *rows])


def rehearsed(
    model: str,
    inputs: Sequence[str],
    settings: Sft,
    *,
    think_tags: tuple[str, str],
    every_turn: bool,
    cut_off: bool,
    lora_rank: int,
    dtype: str,
    gradient_checkpointing: bool | None,
    reading: Reading,
    where: str | None,
) -> str:
    """What a run of SFT would do: rows, steps, and an estimate of the memory at its peak."""
    import torch
    from transformers import AutoConfig

    from curate.engines.hosting.rendering import load_tokenizer
    from train.sft import ROW_TOKENS

    directory = fetch(model, None)
    config = AutoConfig.from_pretrained(directory, trust_remote_code=False)
    training, _ = sides(inputs)
    chat = Chat(load_tokenizer(directory, {}), think_tags, switch=both_modes(training, reading, where))
    context = int(getattr(config.get_text_config(), "max_position_embeddings", 0) or 1 << 20)
    limits = Limits(min(settings.max_tokens, context), settings.too_long, cut_off, every_turn)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with tempfile.TemporaryDirectory() as scratch:
        corpus = build(training, chat, limits, Path(scratch), reading=reading, where=where, key=None)
        order = Order(len(corpus), settings.batch, settings.epochs, 0)
        tokens = max(int(corpus.lengths.max()), ROW_TOKENS[device])
        trained = int(corpus.asked_counts.sum())
        lines = [
            told(corpus.counts),
            f"{order.steps:,} step{'' if order.steps == 1 else 's'} of {settings.batch} texts; {trained:,} tokens trained in an epoch; rows of {tokens:,} tokens",
        ]
    checkpointing = device == "cuda" if gradient_checkpointing is None else gradient_checkpointing
    found = estimate(directory, tokens_per_row=tokens, dtype=dtype, gradient_checkpointing=checkpointing, lora_rank=lora_rank or None)
    return "\n".join([*lines, render(found)])
