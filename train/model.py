"""Causal models as the trainers use them: rows of several texts in, log-probabilities of the asked tokens out.

Departs from `model(input_ids, attention_mask, labels)` in three ways. A row is one line of tokens without padding, in which texts stand one after another: positions restart, and no text sees another.
transformers finds such texts by itself from the positions alone, provided that it is given neither an attention mask nor a cache (with an all-ones mask, or with its own default of use_cache, it mixes
them without a word: logits off by 0.2). Of several answers to one prompt the prompt stands in the row once: that takes a mask of four dimensions, made here. And the vocabulary is touched for the asked
tokens alone, in logprobs.py: what stands between the last hidden state and the logits (cap, scale) is read from the configuration.

None of this is taken on trust: `load` holds the three against the model's own forward pass on a few tokens, and refuses an architecture for which they do not agree.

Weights are held in fp32 and trained without dropout; `computing` gives the dtype of the matrix products.
"""

import itertools
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError

from curate.errors import CurateError, StoreError, UsageError
from train import attention
from train.logprobs import Head, summed_nll, token_logprobs

Tensor = Any  # torch.Tensor: torch is not typed here
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PROBED = 1e-4  # nats by which our log-probabilities may differ from the model's own on the probe; rounding is below 1e-5, one text seen by another above 1e-3
PROBE_TEXTS = (5, 4, 6)  # tokens


class Text(NamedTuple):
    """One text as token ids, and which of them are asked for: those that are trained. The first has nothing before it and is never asked for."""

    ids_T: Ints
    asked_T: Bools


class Tree(NamedTuple):
    """A prompt and its answers; every token of an answer is asked for."""

    prompt_T: Ints
    answers: Sequence[Ints]


@dataclass(frozen=True, slots=True)
class Row:
    """T tokens that go through the model at once, and N of them that are asked for.

    A token sees what stands before it in its own text, and in the shared beginning of its tree: tokens of the same `tree_T` whose `branch_T` is its own or 0. Where no tree has a shared beginning,
    `shares` is False and the branches are all 0.
    """

    tokens_T: Ints
    positions_T: Ints
    tree_T: Ints
    branch_T: Ints
    shares: bool
    from_N: Ints  # the place in the row of the state that predicts a target
    targets_N: Ints
    owner_N: Ints  # which text, or which answer counted over all trees, a target belongs to


def packed(texts: Sequence[Text]) -> Row:
    """A row of texts, one after another. Targets stand in the order of the texts."""
    starts = np.cumsum([0, *(len(t.ids_T) for t in texts)])[:-1]
    asked = [np.flatnonzero(t.asked_T) for t in texts]
    if any(len(a) and a[0] == 0 for a in asked):
        raise ValueError("the first token of a text has nothing before it and cannot be asked for")
    return Row(
        tokens_T=np.concatenate([t.ids_T for t in texts]),
        positions_T=np.concatenate([np.arange(len(t.ids_T)) for t in texts]),
        tree_T=np.repeat(np.arange(len(texts)), [len(t.ids_T) for t in texts]),
        branch_T=np.zeros(int(sum(len(t.ids_T) for t in texts)), dtype=np.int64),
        shares=False,
        from_N=np.concatenate([a + s - 1 for a, s in zip(asked, starts, strict=True)]),
        targets_N=np.concatenate([t.ids_T[a] for t, a in zip(texts, asked, strict=True)]),
        owner_N=np.repeat(np.arange(len(texts)), [len(a) for a in asked]),
    )


def planted(trees: Sequence[Tree]) -> Row:
    """A row of trees. The first token of each answer is predicted by the prompt's last, which therefore stands for several targets; answers are numbered over all trees."""
    tokens, positions, tree, branch, sources, targets, owners = ([] for _ in range(7))
    at = owner = 0
    for number, (prompt_T, answers) in enumerate(trees):
        if not len(prompt_T):
            raise ValueError("a prompt without a token predicts nothing")
        tokens.append(prompt_T)
        positions.append(np.arange(len(prompt_T)))
        branch.append(np.zeros(len(prompt_T), dtype=np.int64))
        end = at + len(prompt_T)
        last = end - 1
        for b, answer_T in enumerate(answers, 1):
            n = len(answer_T)
            tokens.append(answer_T)
            positions.append(len(prompt_T) + np.arange(n))
            branch.append(np.full(n, b if len(answers) > 1 else 0, dtype=np.int64))
            sources.append(np.r_[last, end + np.arange(n - 1)][:n])
            targets.append(answer_T)
            owners.append(np.full(n, owner, dtype=np.int64))
            end, owner = end + n, owner + 1
        tree.append(np.full(end - at, number, dtype=np.int64))
        at = end
    tokens_T, positions_T, tree_T, branch_T, from_N, targets_N, owner_N = (
        np.concatenate(parts).astype(np.int64) for parts in (tokens, positions, tree, branch, sources, targets, owners)
    )
    return Row(tokens_T, positions_T, tree_T, branch_T, any(len(t.answers) > 1 for t in trees), from_N, targets_N, owner_N)


class Scorer(torch.nn.Module):  # type: ignore[misc]
    """A causal model as a module whose forward pass gives log-probabilities: DDP and FSDP2 wrap this, so all that is trained is used inside `forward`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, row: Row, weights_N: Tensor | None = None, *, temperature: float = 1.0, entropy: bool = False) -> Any:
        """`Scored` of the row's targets, in their order; with weights the sum of weight * -log p as a scalar (logprobs.summed_nll)."""
        hidden_ND, targets_N = self.states(row)
        head = head_of(self.model)
        if weights_N is not None:
            return summed_nll(hidden_ND, head, targets_N, weights_N)
        return token_logprobs(hidden_ND, head, targets_N, temperature, entropy=entropy)

    def states(self, row: Row) -> tuple[Tensor, Tensor]:
        """The hidden states (N, D) that predict the row's targets, and the targets."""
        hidden_TD = hidden_states(getattr(self.model, self.model.base_model_prefix), row)
        from_N, targets_N = (torch.from_numpy(x).to(hidden_TD.device) for x in (row.from_N, row.targets_N))
        return hidden_TD[from_N], targets_N


def hidden_states(body: Any, row: Row) -> Tensor:
    """What a causal model without its head makes of a row: (T, D)."""
    config, device = body.config.get_text_config(), body.get_input_embeddings().weight.device
    tokens_1T, positions_1T = (torch.from_numpy(x)[None].to(device) for x in (row.tokens_T, row.positions_T))
    out = body(
        input_ids=tokens_1T,
        position_ids=positions_1T,
        attention_mask=_mask(row, config, device) if row.shares else None,
        use_cache=False,
        **({"spans": _spans(row, config)} if attention.installed(config) else {}),
    )
    return out.last_hidden_state[0]


def head_of(model: Any) -> Head:
    """What the model does with its last hidden state, by its configuration: Gemma's cap, Cohere's factor, Granite's divisor."""
    out, config = model.get_output_embeddings(), model.config.get_text_config()
    scale = getattr(config, "logit_scale", None) or 1.0
    return Head(
        out.weight,
        getattr(out, "bias", None),
        getattr(config, "final_logit_softcapping", None),
        scale / (getattr(config, "logits_scaling", None) or 1.0),
    )


def _spans(row: Row, config: Any) -> list[attention.Span]:
    """The row's texts and trees. One is causal where no two of its tokens are of different branches and no layer looks less far back than it is long."""
    kinds = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    reach = 0 if kinds - {"full_attention", "sliding_attention"} else len(row.tokens_T) if window is None else window
    edges = np.flatnonzero(np.diff(row.tree_T, prepend=-1, append=-1))
    return [attention.Span(int(b - a), int(b - a) <= reach and not row.branch_T[a:b].any()) for a, b in itertools.pairwise(edges)]


def _mask(row: Row, config: Any, device: Any) -> Any:
    """What each token sees, (1, 1, T, T): true where it does, for eager attention the number that is added. By kind of layer where the model has several."""
    order_T = torch.arange(len(row.tokens_T), device=device)
    position_T, tree_T, branch_T = (torch.from_numpy(x).to(device) for x in (row.positions_T, row.tree_T, row.branch_T))
    seen_TT = (order_T <= order_T[:, None]) & (tree_T == tree_T[:, None]) & ((branch_T == 0) | (branch_T == branch_T[:, None]))
    window = getattr(config, "sliding_window", None)
    near_TT = seen_TT if window is None else seen_TT & (position_T[:, None] - position_T < window)

    def shaped(mask_TT: Tensor) -> Tensor:
        mask = mask_TT[None, None]
        if config._attn_implementation != "eager":
            return mask
        return torch.zeros(mask.shape, device=device).masked_fill_(~mask, torch.finfo(torch.float32).min)

    kinds = set(getattr(config, "layer_types", None) or ())
    if kinds & {"full_attention", "sliding_attention"}:
        return {kind: shaped(near_TT if kind == "sliding_attention" else seen_TT) for kind in kinds}
    return shaped(near_TT)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to be trained. `packs`: several texts fit into a row without seeing each other; `shares`: answers may share their prompt."""

    model: Any
    tokenizer: Any
    source: str
    dtype: Any  # of the weights as they were stored, and will be again
    packs: bool
    shares: bool

    @property
    def context(self) -> int:
        """The most tokens that the model can read."""
        return int(getattr(self.model.config.get_text_config(), "max_position_embeddings", 0) or 1 << 20)


def load(directory: str, device: str = "cpu") -> Loaded:
    """A model directory with its tokenizer, in fp32. Raises UsageError where it is none, CurateError for an architecture that the trainers do not compute as it does itself."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    from curate.engines.hosting.rendering import load_tokenizer

    logging.disable_progress_bar()  # a bar for each file, in the middle of a report

    if not (Path(directory) / "config.json").is_file():
        raise UsageError(f"{directory} is not a model directory: it has no config.json")
    try:
        config = AutoConfig.from_pretrained(directory, trust_remote_code=False)
        capped = getattr(config.get_text_config(), "attn_logit_softcapping", None) is not None
        model, info = AutoModelForCausalLM.from_pretrained(
            directory,
            dtype=torch.float32,
            **({"attn_implementation": "eager"} if capped else {}),  # sdpa, which is the default, has no cap
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
        tokenizer = load_tokenizer(directory, {})
    except Exception as error:  # whatever a library raises for a directory that is no model
        raise CurateError(f"the model in {directory} cannot be loaded: {str(error).strip().splitlines()[0]}") from error
    missing = [*info["missing_keys"], *(str(k) for k in info["mismatched_keys"])]
    if missing:
        raise CurateError(f"the model in {directory} is not whole: its weights lack {missing[0]}")
    words = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > words:
        raise CurateError(f"the tokenizer in {directory} has {len(tokenizer)} tokens and its model {words}: they do not belong together")
    still(model)
    attention.install(model)
    model.to(device)
    return checked(Loaded(model, tokenizer, directory, getattr(config, "dtype", None) or torch.float32, True, True))


def still(model: Any) -> None:
    """No dropout, wherever a model keeps it, so that the policy that is trained is the one that sampled."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def checked(loaded: Loaded) -> Loaded:
    """The same with `packs` and `shares` as a probe finds them. Raises CurateError where not even one text by itself agrees."""
    generator = np.random.default_rng(0)
    words = loaded.model.get_input_embeddings().weight.shape[0]
    texts = [generator.integers(0, words, n) for n in PROBE_TEXTS]
    scorer = Scorer(loaded.model)

    def ours(row: Row) -> list[Tensor]:
        scored_N, owner_N = scorer(row).logprobs_N, torch.from_numpy(row.owner_N)
        return [scored_N[owner_N.to(scored_N.device) == i] for i in range(int(row.owner_N.max()) + 1)]

    def theirs(ids_T: Ints) -> Tensor:
        tokens_1T = torch.from_numpy(ids_T)[None].to(loaded.model.device)
        logits_TV = loaded.model(input_ids=tokens_1T, use_cache=False).logits[0, :-1].float()
        return logits_TV.log_softmax(-1).gather(1, tokens_1T[0, 1:, None]).squeeze(1)

    def apart(mine: Sequence[Tensor], wanted: Sequence[Tensor]) -> float:
        return max(float((a - b).abs().max()) for a, b in zip(mine, wanted, strict=True))

    def whole(ids_T: Ints) -> Text:
        return Text(ids_T, np.arange(len(ids_T)) > 0)

    training = loaded.model.training
    loaded.model.eval()
    with torch.inference_mode():
        try:
            alone = apart([x for t in texts for x in ours(packed([whole(t)]))], [theirs(t) for t in texts])
        except (TypeError, AttributeError) as error:
            raise CurateError(f"the model in {loaded.source} ({_kind(loaded)}) is none that the trainers can train: {error}") from error
        if not alone <= PROBED:
            raise CurateError(
                f"the model in {loaded.source} ({_kind(loaded)}) is none that the trainers can train: its logits are made of its last hidden state in a way that they do not know (off by {alone:.2g} nats)"
            )
        packs = apart(ours(packed([whole(t) for t in texts])), [theirs(t) for t in texts]) <= PROBED
        prompt_T, *answers = texts
        joined = [theirs(np.r_[prompt_T, a])[len(prompt_T) - 1 :] for a in answers]
        try:
            shares = apart(ours(planted([Tree(prompt_T, answers)])), joined) <= PROBED
        except (RuntimeError, ValueError, TypeError, KeyError):  # a mask of four dimensions is nothing that it takes
            shares = False
    loaded.model.train(training)
    return replace(loaded, packs=packs, shares=shares and packs)


def _kind(loaded: Loaded) -> str:
    return type(loaded.model).__name__


def computing(dtype: str, device: str) -> AbstractContextManager[Any]:
    """Matrix products in bfloat16, or as the weights are: float32."""
    if dtype == "float32":
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=getattr(torch, dtype))  # type: ignore[no-any-return]


def write(loaded: Loaded, state: Mapping[str, Tensor], directory: Path, *, ends: Sequence[int]) -> None:
    """Write a model into a directory as transformers and vLLM load it: weights in the dtype that the base was stored in, tokenizer with its chat template, and a generation config that ends at `ends`.

    `state` are plain names and whole tensors.
    """
    from transformers import GenerationConfig

    plain = loaded.model
    stored = {name: t.detach().to("cpu", loaded.dtype if t.is_floating_point() else t.dtype) for name, t in state.items()}
    dtype, plain.config.dtype = plain.config.dtype, loaded.dtype
    try:
        plain.save_pretrained(directory, state_dict=stored)
    finally:
        plain.config.dtype = dtype
    loaded.tokenizer.save_pretrained(directory)
    generation = GenerationConfig.from_model_config(plain.config)
    generation.eos_token_id, generation.pad_token_id = list(ends), loaded.tokenizer.pad_token_id
    generation.save_pretrained(directory)


def save(loaded: Loaded, state: Mapping[str, Tensor], directory: Path, *, ends: Sequence[int]) -> None:
    """`write` to a directory that is not there yet, and is there, whole, when this returns. Raises StoreError where the disk does not take it."""
    temporary = directory.with_name(directory.name + ".tmp")
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of a run that was killed
        write(loaded, state, temporary, ends=ends)
        temporary.rename(directory)
    except (OSError, SafetensorError) as error:
        raise StoreError.writing(directory, error) from error
