"""The policy that GRPO trains: log-probabilities of a rollout before it is learned from, an optimizer step on a part of it, the reference that anchors it.

Where one optimizer step is made of a rollout, the policy of the step is the one that sampled: its own log-probabilities, without gradient, are the old ones, and no other forward pass is needed. Otherwise the old ones are worked
out for the whole rollout before the first step. Old, policy's and reference's all come from the same rows in the same dtype, so a ratio is exactly 1 where nothing has changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from train import checkpoint
from train.batch import Batch, Branch, row_of, rows
from train.learner import Learner
from train.losses import policy_loss
from train.model import Loaded, Scorer, computing
from train.parallel import Ranks
from train.presets import Grpo

Tensor = Any  # torch.Tensor: torch is not typed here

ROW_TOKENS = {"cpu": 1024, "cuda": 16_384}  # on a CPU longer rows spend their time on attention


class Policy:
    """The model, its optimizer and its reference. `reference` is another copy of the same model, None where no divergence is charged."""

    def __init__(
        self, loaded: Loaded, reference: Loaded | None, settings: Grpo, dtype: str, ranks: Ranks, *, gradient_checkpointing: bool
    ) -> None:
        self.loaded, self.settings, self.dtype, self.ranks = loaded, settings, dtype, ranks
        if gradient_checkpointing:
            loaded.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        loaded.model.train()
        self.learner = Learner(Scorer(loaded.model), settings, settings.steps, ranks)
        self.scorer = self.learner.module
        self.reference = None
        self.reference_step = 0
        if reference is not None:
            reference.model.requires_grad_(False)
            reference.model.eval()
            self.reference = ranks.wrap(Scorer(reference.model))
        self.old: Tensor | None = None  # of all answers of the rollout, flat; None where the policy of the step is the one that sampled
        self.anchor: Tensor | None = None  # the reference's

    def rows(self, batch: Batch, answers: Sequence[int]) -> list[list[Branch]]:
        """This process's rows."""
        capacity = ROW_TOKENS[torch.device(self.ranks.device).type]
        shares, packs = self.loaded.shares, self.loaded.packs
        return rows(batch, answers, capacity, packs=packs, shares=shares, ranks=self.ranks.world)[self.ranks.rank]

    def begin(self, batch: Batch, parts: Sequence[Sequence[int]]) -> None:
        """Work out what is to be known of a rollout before it changes the policy. `parts`: the answers of each optimizer step."""
        self.old = self.anchor = None
        for name, scorer, wanted in (("old", self.scorer, len(parts) > 1), ("anchor", self.reference, self.reference is not None)):
            if wanted:
                flat = torch.zeros(int(batch.offsets_B1[-1]))
                for part in parts:
                    for row in self.rows(batch, batch.active(part, anchored=self.anchored)):
                        self._fill(flat, scorer, batch, row)
                if self.ranks.world > 1:
                    whole = flat.to(self.ranks.device)
                    dist.all_reduce(whole)
                    flat = whole.cpu()
                setattr(self, name, flat)

    @property
    def anchored(self) -> bool:
        """Whether a divergence from the reference is charged."""
        return self.reference is not None

    def _fill(self, flat: Tensor, scorer: Any, batch: Batch, row: Sequence[Branch]) -> None:
        """Put the log-probabilities of a row's answers where they belong."""
        with torch.no_grad(), computing(self.dtype, self.ranks.device):
            planted, order = row_of(batch, row or self._idle(batch))
            found = scorer(planted, temperature=self.settings.temperature).logprobs_N.cpu()
        for place, i in enumerate(order if row else ()):
            flat[batch.offsets_B1[i] : batch.offsets_B1[i + 1]] = found[torch.from_numpy(planted.owner_N == place)]

    @staticmethod
    def _idle(batch: Batch) -> list[Branch]:
        """What a process without work computes, so that all do the same."""
        return [Branch(int(batch.group_B[0]), [0])]

    def learn(self, batch: Batch, answers: Sequence[int], step: int) -> dict[str, float]:
        """One optimizer step on some answers. Metrics in nats a token and shares of tokens; `skipped` where there was nothing to learn, or the gradient was not finite."""
        s, lr = self.settings, self.learner.begin(step)
        active, units = batch.active(answers, anchored=self.anchored), batch.units(answers, s)
        if not active:
            return {"lr": lr, "skipped": 1.0}
        sums: dict[str, float] = {}
        largest = 0.0
        mine = self.rows(batch, active)
        for i, row in enumerate(mine):
            with self.ranks.accumulate(self.scorer, last=i == len(mine) - 1):
                loss, found, apart = self._row(batch, row, units)
                (loss * self.ranks.world).backward()  # gradients are averaged over processes
            for name, value in {**found, "loss": float(loss.detach())}.items():
                sums[name] = sums.get(name, 0.0) + value
            largest = max(largest, apart)
        applied = self.learner.apply()
        largest = self.ranks.maximum({"largest": largest})["largest"]
        return self._told(self.ranks.summed(sums), largest) | applied | {"lr": lr}

    def _row(self, batch: Batch, row: Sequence[Branch], units: float) -> tuple[Tensor, dict[str, float], float]:
        """A row's share of the loss, its sums over tokens, and the largest mismatch."""
        s, device = self.settings, self.ranks.device
        planted, order = row_of(batch, row or self._idle(batch))
        with computing(self.dtype, device):
            scored = self.scorer(planted, temperature=s.temperature, entropy=True)
        if not row:
            return scored.logprobs_N.sum() * 0.0, {}, 0.0
        lengths = [len(batch.answers[i]) for i in order]
        owner_N = torch.from_numpy(planted.owner_N).to(device)
        place_N = torch.from_numpy(np.concatenate([np.arange(n) for n in lengths])).to(device)
        shape = (len(order), max(lengths))

        def spread_out(flat_N: Tensor) -> Tensor:
            return torch.zeros(shape, device=device).index_put((owner_N, place_N), flat_N.to(device))

        def known(flat: Tensor) -> Tensor:
            return spread_out(torch.cat([flat[batch.offsets_B1[i] : batch.offsets_B1[i + 1]] for i in order]))

        logprobs_BT = spread_out(scored.logprobs_N)
        mask_BT = torch.zeros(shape, dtype=torch.bool, device=device).index_put(
            (owner_N, place_N), torch.ones((), dtype=torch.bool, device=device)
        )
        parts = policy_loss(
            logprobs_BT,
            logprobs_BT.detach() if self.old is None else known(self.old),
            batch.advantages_B[order].to(device),
            mask_BT,
            denominator=units,
            normalise=s.normalise,
            clip_low=s.clip_low,
            clip_high=s.clip_high,
            dual_clip=s.dual_clip or None,
            kl_coef=s.kl_coef if self.anchor is not None else 0.0,
            ref_logprobs_BT=None if self.anchor is None else known(self.anchor),
            rollout_logprobs_BT=spread_out(torch.from_numpy(np.concatenate([batch.rollout_logprobs[i] for i in order]))),
        )
        sums = {name: float(value) for name, value in parts.sums.items()} | {"entropy": float(scored.entropy_N.sum())}
        return parts.loss, sums, float(parts.mismatch_max)

    @staticmethod
    def _told(sums: Mapping[str, float], largest: float) -> dict[str, float]:
        tokens = sums["tokens"]
        values = {name: sums[name] / tokens for name in ("entropy", "mismatch", "kl", "cut") if name in sums}
        clipped = (sums["clipped_low"] + sums["clipped_high"]) / tokens
        return values | {"clip": clipped, "mismatch_max": largest, "loss": sums["loss"], "tokens": tokens}

    def replace_reference(self, step: int) -> None:
        """The reference becomes the policy."""
        if self.reference is not None:
            with torch.no_grad():
                for there, here in zip(self.reference.parameters(), self.scorer.parameters(), strict=True):
                    there.copy_(here)
            self.reference_step = step

    def logprobs(self, prompt_ids: Sequence[int], token_ids: Sequence[int]) -> list[float]:
        """The policy's log-probabilities of an answer, at the temperature of the rollouts. All processes call it."""
        prompt, answer = (np.asarray(ids, dtype=np.int64) for ids in (prompt_ids, token_ids))
        batch = Batch([prompt], [answer], np.zeros(1, np.int64), [], torch.zeros(1), np.zeros(1, np.bool_), np.asarray([0, len(answer)]))
        flat = torch.zeros(len(answer))
        self._fill(flat, self.scorer, batch, [Branch(0, [0])])
        return [float(x) for x in flat.tolist()]

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """What a checkpoint holds. All processes call it."""
        groups = self.learner.tensors()
        if self.reference is not None and self.reference_step:
            groups["reference"] = checkpoint.model_tensors(self.reference)
        known = {name: flat for name in ("old", "anchor") if (flat := getattr(self, name)) is not None}
        return groups | ({"rollout": known} if known else {})

    def restore(self, found: checkpoint.Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.learner.restore(found)
        if self.reference is not None and "reference" in found.tensors:
            checkpoint.load_model_tensors(self.reference, found.tensors["reference"])
        self.reference_step = int(found.state["reference_step"])
        known = found.tensors.get("rollout", {})
        self.old, self.anchor = (known.get(name) for name in ("old", "anchor"))
