"""From ended prompts to a published shard: rows of kept/, rejects/ and prompts/, and the shard's funnel.

A pure function of completions, prompts and configuration: texts are read again from the log, rows come in the order of prompt id and sample index, and nothing here knows the time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.completions import Completions
from curate.records import Outcome, Sample, canonical_json, outcome_row, sample_row
from curate.sampling.estimate import PassRate, pass_rate
from curate.sampling.judge import Reading, joined
from curate.sampling.keys import seed_of
from curate.sampling.state import Held, PromptState
from curate.shards import Directory, ShardWriter

PASS_RATE_BINS = 11  # 0, then ten tenths


@dataclass(frozen=True, slots=True)
class Made:
    """What all rows of a run share."""

    identity: Mapping[str, Any]
    seeded: bool
    min_pass_rate: float
    reading: Reading


def _fate(held: Held, state: PromptState, kept: int, credible: bool, rate: PassRate | None, made: Made) -> tuple[str, ...]:
    """Why a sample is not kept; nothing where it is."""
    reasons = list(held.reasons)
    if state.prompt.accept != "finished" and held.verdict.status != "correct":
        reasons.insert(0, held.verdict.status)
    if held.accepted:
        if not credible:
            reasons.append("at_chance")
        if rate is not None and rate.rate < made.min_pass_rate:
            reasons.append("below_min_pass_rate")
        if not reasons and state.policy.num_correct is not None and kept >= state.policy.num_correct:
            reasons.append("surplus")
    elif not reasons:
        reasons.append("truncated")
    return tuple(reasons)


def _sample(state: PromptState, index: int, store: Completions, reasons: tuple[str, ...], made: Made) -> Sample:
    held = state.held[index]
    completion = joined([store.read(place).completion for place in held.parts])
    parts = made.reading.parts(completion)
    return Sample(
        prompt=state.prompt,
        id=f"{state.prompt.id}-{index:04d}",
        prompt_id=state.prompt.id,
        sample_index=index,
        completion=made.reading.text(completion),
        reasoning=parts.reasoning,
        response=parts.response,
        chain=parts.chain,
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        seed=seed_of(made.identity["seed"], state.prompt.id, index) if made.seeded else None,
        engine=made.identity["engine"],
        model=made.identity["model"],
        model_revision=made.identity["model_revision"],
        template=made.identity["template"],
        sampling=canonical_json(made.identity["sampling"]),
        verdict=held.verdict,
        drop_reasons=reasons,
        token_ids=completion.token_ids,
        logprobs=completion.logprobs,
        weights_version=completion.weights_version,
    )


class _Funnel:
    """The counts of a shard."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.by: dict[str, Counter[str]] = {name: Counter() for name in ("status", "dropped", "stop_reasons", "finish_reasons", "licenses")}
        self.pass_rates = [0] * PASS_RATE_BINS
        self.groups: dict[str, dict[str, Counter[str]]] = {"sources": {}, "domains": {}}

    def count(self, state: PromptState, outcome: Outcome, tokens_kept: int) -> None:
        counts = {
            "prompts": 1,
            "sampled": outcome.n_sampled,
            "correct": outcome.n_correct,
            "accepted": outcome.n_accepted,
            "kept": outcome.n_kept,
            "tokens": outcome.tokens,
            "tokens_kept": tokens_kept,
            "prompts_with_kept": int(outcome.n_kept > 0),
        }
        self.totals.update(counts)
        self.by["stop_reasons"][outcome.stop_reason] += 1
        if outcome.pass_rate is not None:
            self.pass_rates[min(PASS_RATE_BINS - 1, -int(-outcome.pass_rate * 10 // 1))] += 1
        for group, name in (("sources", state.prompt.source), ("domains", state.prompt.domain)):
            self.groups[group].setdefault(name, Counter()).update({k: v for k, v in counts.items() if k != "tokens_kept"})

    def as_dict(self) -> dict[str, Any]:
        totals = {k: v for k, v in self.totals.items() if k != "correct"}
        return {
            **totals,
            **{k: dict(v) for k, v in self.by.items()},
            "pass_rates": self.pass_rates,
            **{g: {n: dict(c) for n, c in by.items()} for g, by in self.groups.items()},
        }


def publish(
    directory: Directory, shard: str, states: Sequence[PromptState], store: Completions, made: Made, input_digest: str
) -> dict[str, Any]:
    """Write the shard of these ended prompts, which are sorted by id. Returns its manifest."""
    funnel = _Funnel()
    with ShardWriter(directory, shard) as writer:
        for state in states:
            rate = (
                pass_rate(state.policy, state.n, state.k, undecided=state.undecided, chance=state.prompt.chance)
                if state.prompt.accept == "verified"
                else None
            )
            credible = state.policy.credible(state.n, state.k, state.prompt.chance)
            kept = tokens = tokens_kept = 0
            statuses: Counter[str] = Counter()
            for index in range(state.cursor):
                held = state.held[index]
                reasons = _fate(held, state, kept, credible, rate, made)
                sample = _sample(state, index, store, reasons, made)
                writer.add("rejects" if reasons else "kept", sample_row(sample))
                statuses[held.verdict.status] += 1
                funnel.by["status"][held.verdict.status] += 1
                funnel.by["finish_reasons"][sample.finish_reason] += 1
                funnel.by["dropped"].update(reasons)
                tokens += held.completion_tokens
                if not reasons:
                    kept += 1
                    tokens_kept += held.completion_tokens
                    funnel.by["licenses"][state.prompt.license or "unknown"] += 1
            assert state.stop_reason is not None
            outcome = Outcome(
                prompt=state.prompt,
                n_sampled=state.cursor,
                n_correct=statuses["correct"],
                n_wrong=statuses["wrong"] + statuses["no_answer"],
                n_undecided=state.undecided,
                n_accepted=state.k,
                n_kept=kept,
                tokens=tokens,
                pass_rate=rate.rate if rate else None,
                pass_rate_low=rate.low if rate else None,
                pass_rate_high=rate.high if rate else None,
                stop_reason=state.stop_reason,
            )
            writer.add("prompts", outcome_row(outcome))
            funnel.count(state, outcome, tokens_kept)
        return writer.commit(funnel=funnel.as_dict(), input_digest=input_digest)
