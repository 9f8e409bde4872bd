"""What becomes of a judged pair: which answer is the better one, by how much, and why it does not stay. And whether the judge went by the answers' places."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from curate.deliver.pairing import Candidate, Lengths, Two, log_ratio, unbalanced
from curate.filters.judge import Judgement, compared
from curate.filters.judge.tasks import BY_PLACE
from curate.records import Pair, prompt_from_row

SAME_TEXT, NO_VERDICT, ORDER, MARGIN, LENGTH = "same_text", "no_verdict", "order_disagrees", "margin", "length_balance"
BY = {"pairing": (SAME_TEXT,), "judge": (NO_VERDICT, ORDER), "margin": (MARGIN,), "lengths": (LENGTH,)}  # who says what, for the funnel


class Decided(NamedTuple):
    """What becomes of a pair. `turned`: the second sample is the better one."""

    turned: bool
    scores: tuple[float, float] | None  # of the chosen one and the rejected one
    margin: float | None
    reasons: tuple[str, ...]


def decide(
    chosen: Sequence[Two], judgements: Mapping[str, Judgement], samples: Mapping[str, Candidate], margin: float, *, balance: bool
) -> tuple[dict[str, Decided], dict[str, Lengths]]:
    """What becomes of each pair, and how the lengths of those with a clear verdict compare before they are balanced and after."""
    found = {two.id: _one(two, judgements.get(two.id), margin) for two in chosen}
    ratios = {}
    for two in chosen:
        if not found[two.id].reasons:
            lengths = samples[two.first].characters, samples[two.second].characters
            ratios[two.id] = log_ratio(*(lengths[::-1] if found[two.id].turned else lengths))
    dropped = unbalanced(ratios) if balance else set()
    for identifier in dropped:
        found[identifier] = found[identifier]._replace(reasons=(LENGTH,))
    kept = [ratio for identifier, ratio in ratios.items() if identifier not in dropped]
    return found, {"before": Lengths.of(list(ratios.values())), "after": Lengths.of(kept)}


def _one(two: Two, judgement: Judgement | None, least: float) -> Decided:
    if two.same_text:
        return Decided(False, None, None, (SAME_TEXT,))
    first, second, verdict = compared(judgement.cast if judgement is not None else ())
    if first is None or second is None:
        return Decided(False, None, None, (NO_VERDICT,))
    turned = second > first
    scores = (second, first) if turned else (first, second)
    margin = round(scores[0] - scores[1], 6)
    reasons = [*([ORDER] if verdict == BY_PLACE else []), *([MARGIN] if margin <= least else [])]
    return Decided(turned, scores, margin, tuple(reasons))


def pair_of(two: Two, first: Mapping[str, Any], second: Mapping[str, Any], decided: Decided, judgement: Judgement | None) -> Pair:
    """The record of a pair, from the rows of its two samples."""
    better, worse = (second, first) if decided.turned else (first, second)
    votes = [
        {
            "chosen": None if vote.scores is None else vote.scores[decided.turned],
            "rejected": None if vote.scores is None else vote.scores[not decided.turned],
            "chosen_first": vote.swapped is decided.turned,
            "reason": vote.reason,
        }
        for vote in (() if judgement is None else judgement.cast)
    ]
    return Pair(
        prompt=prompt_from_row({**first, "id": two.prompt_id}),
        id=two.id,
        prompt_id=two.prompt_id,
        chosen=better["completion"],
        chosen_reasoning=better["reasoning"],
        chosen_response=better["response"],
        chosen_id=better["id"],
        chosen_model=better["model"],
        chosen_tokens=better["completion_tokens"],
        chosen_score=None if decided.scores is None else decided.scores[0],
        rejected=worse["completion"],
        rejected_reasoning=worse["reasoning"],
        rejected_response=worse["response"],
        rejected_id=worse["id"],
        rejected_model=worse["model"],
        rejected_tokens=worse["completion_tokens"],
        rejected_score=None if decided.scores is None else decided.scores[1],
        margin=decided.margin,
        votes=tuple(votes),
        judge="" if judgement is None else judgement.judge,
        template="" if judgement is None else judgement.template,
        drop_reasons=decided.reasons,
    )


def by_place(judgements: Mapping[str, Judgement]) -> dict[str, Any]:
    """Whether the judge goes by place. With exactly half of the votes in either order, a share s of the votes for the answer shown first means that a share |2 s - 1| of them follows the place, if the others follow the text."""
    votes = [vote for judgement in judgements.values() for vote in judgement.cast if vote.score is not None]
    apart = [vote for vote in votes if vote.score]
    first = sum(((vote.score or 0.0) > 0) != vote.swapped for vote in apart)
    verdicts = [judgement.verdict for judgement in judgements.values() if judgement.verdict is not None]
    return {
        "votes": len(votes),
        "votes_even": len(votes) - len(apart),
        "votes_for_the_first_shown": first,
        "follow_the_place": round(abs(2 * first / len(apart) - 1), 6) if apart else None,
        "pairs": len(verdicts),
        "pairs_by_place": verdicts.count(BY_PLACE),
    }
