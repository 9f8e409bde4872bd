"""Rewards for reinforcement learning, by name: numbers made of verdicts, of the language of a chain, and of reward models.

    accuracy          1 where the prompt's verifier says correct, 0 for wrong and for no answer; for prompts that have a verifier
    partial_accuracy  the verifier's score, partial credit included
    format            1 where R1's form is kept (curate/verifiers/format.py), else 0; for prompts in mode think
    summary           1 where R1's later form is kept, a chain and then a summary (curate/verifiers/summary.py), else 0; for the same
    language          share of the target language in the words of the chain (DeepSeek-R1, arXiv 2501.12948v2, Eq. 7)
    preference        a scoring function of the caller's, on the response alone; for prompts without a verifier
    harmlessness      the same on the whole output; for those of them whose domain is `safety`, in place of preference (each general query takes the reward of one model: section 3.1)

One's own is `package.module:function` or `file.py:function`; it takes (answer, prompt) and returns a number, or None where it cannot judge. It runs in the verifiers' pool, so it may hang or crash; where it
raises, or returns NaN, the program is broken and the run ends. `NAME=WEIGHT,NAME=WEIGHT` is a sum with weights; a weight of 0 only records.

What could not be judged is None and never 0 (a verifier's timeout, a gold that cannot be read), and a sample with such a part has no total: it is for the caller to leave out of the baseline. A reward that does
not apply to a prompt is no part of its sum. Being cut off is for the caller, too (`truncated = zero | mask`): the parts are told all the same.

Departs from Eq. 7 in two points. Words whose language is not known are left out of both numbers (curate/language). And a chain without any word, which would divide by zero, gets 0: were it 1, writing
nothing would be the surest way to a full mark.
"""

import inspect
import json
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from numbers import Real
from typing import Any, NamedTuple

from curate import language
from curate.errors import CurateError, UsageError
from curate.imports import named
from curate.language import task
from curate.records import Answer, Prompt, Verdict, canonical_json
from curate.verifiers.pool import VerifierPool

VERSION = "1"  # of `language` here; the verifiers have their own

SAFETY = "safety"  # domain of the prompts that harmlessness is for

Scorer = Callable[[Sequence[Prompt], Sequence[str]], Sequence[float | None] | Awaitable[Sequence[float | None]]]


class Candidate(NamedTuple):
    """A sample to be scored; `id` names it in errors."""

    id: str
    prompt: Prompt
    answer: Answer


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward and its weight in the sum."""

    name: str
    weight: float = 1.0

    @property
    def own(self) -> bool:
        """Whether it is the user's own function."""
        return ":" in self.name

    def applies(self, prompt: Prompt) -> bool:
        """Whether it is part of the sum for this prompt."""
        return self.own or REWARDS[self.name](prompt)


@dataclass(frozen=True, slots=True)
class Scored:
    """What a sample is worth: each part that applies to its prompt (None: it could not be judged, and `unjudged` says why), their weighted sum (None where a part of weight is, or none applies), and the verifier's verdict."""

    parts: dict[str, float | None]
    total: float | None
    verdict: Verdict
    unjudged: dict[str, str] = field(default_factory=dict)


def _verified(prompt: Prompt) -> bool:
    return prompt.accept == "verified" and prompt.verifier is not None


REWARDS: Mapping[str, Callable[[Prompt], bool]] = {  # by name, and which prompts each is for
    "accuracy": _verified,
    "partial_accuracy": _verified,
    "format": lambda prompt: prompt.mode == "think",
    "summary": lambda prompt: prompt.mode == "think",
    "language": lambda prompt: True,
    "preference": lambda prompt: not _verified(prompt) and prompt.domain != SAFETY,
    "harmlessness": lambda prompt: not _verified(prompt) and prompt.domain == SAFETY,
}
SCORED: Mapping[
    str, Callable[[Answer], str]
] = {  # the text that a scoring function gets (section 3.1: the final summary, the whole response)
    "preference": lambda answer: answer.response,
    "harmlessness": lambda answer: answer.text,
}
VERIFIED = ("accuracy", "partial_accuracy")
FORMS = ("format", "summary")  # verifiers of the same names


def parse_rewards(text: str) -> tuple[Reward, ...]:
    """The rewards that `accuracy=1,format=0.5` names; no weight is 1. Raises UsageError for an unknown name, a weight that is no finite number, or a name that is there twice."""
    found: list[Reward] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, given, weight = item.rpartition("=")
        name, weight = (name.strip(), weight.strip()) if given else (item, "1")
        if name not in REWARDS and ":" not in name:
            raise UsageError(
                f"unknown reward {name!r}: one of {', '.join(REWARDS)}, or an import path package.module:function or file.py:function"
            )
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UsageError(f"the weight of the reward {name} must be a finite number, not {weight!r}")
        if name in {reward.name for reward in found}:
            raise UsageError(f"the reward {name} is given twice")
        found.append(Reward(name, value))
    if not any(reward.weight for reward in found):
        raise UsageError("there is nothing to learn from: no reward has a weight, such as accuracy=1")
    return tuple(found)


def check_rewards(rewards: Sequence[Reward], prompts: Sequence[Prompt], scorers: Mapping[str, Scorer]) -> None:
    """Raise UsageError where a reward's scoring function is missing, or a prompt has no reward that counts, so that no sample of it could ever be scored."""
    _check_scorers(rewards, prompts, scorers)
    left = [p for p in prompts if not any(reward.weight and reward.applies(p) for reward in rewards)]
    if left:
        many = f"{len(left)} prompts have" if len(left) > 1 else "a prompt has"
        raise UsageError(
            f"{many} no reward, {left[0].id} ({left[0].accept}, domain {left[0].domain}) for one: none of {', '.join(r.name for r in rewards)} is for such prompts"
        )


def _check_scorers(rewards: Sequence[Reward], prompts: Sequence[Prompt], scorers: Mapping[str, Scorer]) -> None:
    for reward in rewards:
        if reward.name in SCORED and reward.name not in scorers and any(reward.applies(prompt) for prompt in prompts):
            raise UsageError(f"the reward {reward.name} needs a reward model that scores the samples")


def target_language(prompt: Prompt) -> str | None:
    """The language that a prompt's chain should be in: the one its source says, else that of the question; None where it cannot be told."""
    if prompt.language and language.recognised(prompt.language):
        return language.code(prompt.language)
    question = "\n\n".join(m.content for m in prompt.messages if m.role == "user")
    found = language.reading(question)
    return task.asked_in(question, found) or language.majority(found.words)


def consistency(answer: Answer, prompt: Prompt) -> Verdict:
    """The reward `language`, in the form of a verifier: its score is the share of the target language in the chain; in the whole text where there is no chain."""
    wanted = target_language(prompt)
    if wanted is None:
        return Verdict("unverifiable", reason="the language of the question cannot be told, and its source does not say it")
    text = answer.text if answer.reasoning is None else answer.reasoning
    share = language.share(text, wanted)
    if share is None and language.words(text).total():
        return Verdict("unverifiable", reason="the language of half of the words cannot be told")
    return Verdict("correct" if share == 1 else "wrong", share or 0.0, detail=canonical_json({"language": wanted}))


_loaded = lru_cache(maxsize=None)(named)  # a file's module is run once in each process


def own(answer: Answer, prompt: Prompt) -> Verdict:
    """A user's own reward, in the form of a verifier: which one stands in `prompt.verifier`, before the verifier that is the prompt's own. What is wrong with it is the `detail`."""
    name, verifier = json.loads(prompt.verifier or "[]")
    function = _loaded(name, "a reward").function
    try:
        value = function(answer, replace(prompt, verifier=verifier))
    except MemoryError:
        raise
    except Exception as error:
        return Verdict("unverifiable", reason="raised", detail=f"raised {type(error).__name__}: {error}"[:500])
    if value is None:
        return Verdict("unverifiable", reason="the reward gives no number")
    fault = _fault(value)
    return Verdict("unverifiable", reason="no reward", detail=fault) if fault else Verdict("correct", float(value))


def _fault(value: object) -> str | None:
    """What is wrong with a value that is to be a reward."""
    if not isinstance(value, Real):  # numpy's numbers are
        return f"returned {type(value).__name__}, which is no number"
    return None if math.isfinite(value) else f"returned {value}"


async def score_all(
    candidates: Sequence[Candidate], pool: VerifierPool, rewards: Sequence[Reward], scorers: Mapping[str, Scorer] | None = None
) -> list[Scored]:
    """What each candidate is worth, in their order. `scorers`: functions for `preference` and `harmlessness`; each is asked once, for all samples that it is for, and may be async.

    Raises UsageError for a reward that cannot be loaded or lacks its scoring function, and CurateError, naming reward and sample, where one's own raises or returns what is no finite number.
    """
    scorers = scorers or {}
    _check_scorers(rewards, [candidate.prompt for candidate in candidates], scorers)
    found = await _by_rule(candidates, pool, rewards)
    for name in (r.name for r in rewards if r.name in SCORED):
        await _by_model(name, candidates, scorers, found)
    return [_summed(candidate, found[at], rewards) for at, candidate in enumerate(candidates)]


async def _by_rule(candidates: Sequence[Candidate], pool: VerifierPool, rewards: Sequence[Reward]) -> list[dict[str, Any]]:
    """For each candidate the verdicts that its rewards are made of, by the reward's name; the two of the prompt's own verifier share one."""
    cases: dict[tuple[int, str], tuple[str, Answer, Prompt]] = {}
    for at, (_, prompt, answer) in enumerate(candidates):
        for reward in rewards:
            if reward.name in SCORED or not reward.applies(prompt):
                continue
            if reward.name in VERIFIED:
                cases[at, "accuracy"] = (prompt.verifier or "", answer, prompt)
            elif reward.name in FORMS:
                cases[at, reward.name] = (reward.name, answer, prompt)
            elif reward.name == "language":
                cases[at, reward.name] = (f"{__name__}:consistency", answer, prompt)
            else:
                named_prompt = replace(prompt, verifier=canonical_json([reward.name, prompt.verifier]))
                cases[at, reward.name] = (f"{__name__}:own", answer, named_prompt)
    verdicts = await pool.verify_all(list(cases.values()))
    found: list[dict[str, Any]] = [{} for _ in candidates]
    for (at, name), verdict in zip(cases, verdicts, strict=True):
        found[at][name] = verdict
    return found


async def _by_model(name: str, candidates: Sequence[Candidate], scorers: Mapping[str, Scorer], found: list[dict[str, Any]]) -> None:
    """Ask the scoring function of that name for all samples that it is for."""
    mine = [at for at, candidate in enumerate(candidates) if REWARDS[name](candidate.prompt)]
    if not mine:
        return
    answer = scorers[name]([candidates[at].prompt for at in mine], [SCORED[name](candidates[at].answer) for at in mine])
    values = list(await answer if inspect.isawaitable(answer) else answer)
    if len(values) != len(mine):
        raise CurateError(f"the scoring function of the reward {name} was asked for {len(mine)} numbers and returned {len(values)}")
    for at, value in zip(mine, values, strict=True):
        fault = None if value is None else _fault(value)
        if fault is not None:
            raise CurateError(f"the reward {name} {fault} for the sample {candidates[at].id}")
        found[at][name] = None if value is None else float(value)


def _value(reward: Reward, candidate: Candidate, verdict: Verdict) -> float | None:
    if reward.own and verdict.detail is not None:
        raise CurateError(f"the reward {reward.name} {verdict.detail} for the sample {candidate.id}")
    if reward.name == "accuracy" and verdict.decided:
        return float(verdict.status == "correct")
    return verdict.score


def _summed(candidate: Candidate, found: Mapping[str, Any], rewards: Sequence[Reward]) -> Scored:
    parts: dict[str, float | None] = {}
    unjudged: dict[str, str] = {}
    for reward in rewards:
        if not reward.applies(candidate.prompt):
            continue
        told = found.get("accuracy" if reward.name in VERIFIED else reward.name)
        parts[reward.name] = _value(reward, candidate, told) if isinstance(told, Verdict) else told
        if parts[reward.name] is None:
            unjudged[reward.name] = told.reason or told.status if isinstance(told, Verdict) else "the scoring function gave no number"
    counted = [(reward.weight, parts[reward.name]) for reward in rewards if reward.weight and reward.name in parts]
    total = None if not counted else 0.0
    for weight, part in counted:
        total = None if total is None or part is None else total + weight * part
    if total is not None and not math.isfinite(total):
        raise CurateError(f"the rewards of the sample {candidate.id} add up to {total}: {parts}")
    why = "for a judge to decide" if candidate.prompt.accept == "judged" else "nothing to check"
    verdict = found.get("accuracy") or Verdict("unverifiable", reason="no reward asks for it" if _verified(candidate.prompt) else why)
    return Scored(parts, total, verdict, unjudged)
