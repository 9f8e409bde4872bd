"""A reward model as a reward: outputs in, numbers between 0 and 1 out.

The number of the model goes through a sigmoid: it is then between 0 and 1, like the rewards by rule that it is added to (the paper does not say how its own are scaled), and a policy gains ever less by pleasing it more.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from curate.engines.hosting.rendering import load_tokenizer
from curate.errors import RequestRefused, UsageError
from curate.records import Prompt
from train.chat import Chat
from train.model import Ints
from train.reward_model import Rater, rated

Tensor = Any  # torch.Tensor: torch is not typed here

BATCH_TOKENS = 8192  # of a batch, its padding among them


def scorer_of(
    directory: str, think_tags: tuple[str, str] = ("<think>", "</think>")
) -> Callable[[Sequence[Prompt], Sequence[str]], list[float | None]]:
    """A reward for curate.rewards: for each output a number between 0 and 1, None where the model's context is too short for it or its template refuses the prompt. The model stays loaded.

    Raises UsageError for a directory that is no reward model.
    """
    from transformers import AutoConfig, AutoModelForSequenceClassification

    if not (Path(directory) / "config.json").is_file():
        raise UsageError(f"{directory} is not a model directory: it has no config.json")
    config = AutoConfig.from_pretrained(directory, trust_remote_code=False)
    if config.num_labels != 1 or not any("SequenceClassification" in name for name in config.architectures or ()):
        raise UsageError(f"{directory} is no reward model: it is no sequence classifier with one label (curate train reward makes one)")
    chat = Chat(load_tokenizer(directory, {}), think_tags, switch=False)
    context = int(getattr(config.get_text_config(), "max_position_embeddings", 0) or 1 << 20)

    @cache
    def rater() -> Rater:  # when it is first asked: of the processes of a run only one is
        model = AutoModelForSequenceClassification.from_pretrained(
            directory, dtype=torch.float32, trust_remote_code=False, use_safetensors=True
        )
        made: Rater = Rater(getattr(model, model.base_model_prefix), model.score).to("cuda" if torch.cuda.is_available() else "cpu").eval()
        return made

    def score(prompts: Sequence[Prompt], outputs: Sequence[str]) -> list[float | None]:
        found: list[float | None] = [None] * len(outputs)
        texts: dict[int, Ints] = {}
        for i, (prompt, output) in enumerate(zip(prompts, outputs, strict=True)):
            try:
                ids_T = rated(chat, prompt.messages, output).ids_T
            except RequestRefused:
                continue
            if len(ids_T) <= context:
                texts[i] = ids_T
        for batch in _batches({i: len(ids_T) for i, ids_T in texts.items()}):
            numbers_B = _numbers(rater(), [texts[i] for i in batch])
            for i, number in zip(batch, torch.sigmoid(numbers_B).tolist(), strict=True):
                found[i] = number
        return found

    return score


def _batches(lengths: Mapping[int, int]) -> list[list[int]]:
    """The texts by length, so many in a batch that it has BATCH_TOKENS tokens with its padding."""
    batches: list[list[int]] = []
    for i in sorted(lengths, key=lengths.__getitem__):
        if batches and (len(batches[-1]) + 1) * lengths[i] <= BATCH_TOKENS:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


def _numbers(rater: Rater, texts: Sequence[Ints]) -> Tensor:
    """The numbers of texts as rows of a batch, (texts,): any architecture keeps rows apart."""
    longest, device = max(map(len, texts)), rater.score.weight.device
    ids_BT = torch.zeros(len(texts), longest, dtype=torch.long)
    mask_BT = torch.zeros(len(texts), longest, dtype=torch.long)
    for row, ids_T in enumerate(texts):
        ids_BT[row, : len(ids_T)], mask_BT[row, : len(ids_T)] = torch.from_numpy(ids_T), 1
    with torch.no_grad():
        out = rater.body(input_ids=ids_BT.to(device), attention_mask=mask_BT.to(device), use_cache=False)
        last_BD = out.last_hidden_state[torch.arange(len(texts)), torch.tensor([len(t) - 1 for t in texts])]
        return rater.score(last_BD).squeeze(-1).float()
