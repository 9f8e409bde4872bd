"""From a completion to a judged sample: split, verified, held against the cheap filters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from curate.completions import Location
from curate.filters import CHEAP
from curate.records import Answer, Completion, Prompt, Verdict
from curate.sampling.state import Held
from curate.thinking import Parts, parts_of
from curate.verifiers.pool import VerifierPool


def joined(completions: Sequence[Completion]) -> Completion:
    """A completion and its continuation as one."""
    if len(completions) == 1:
        return completions[0]
    first, last = completions[0], completions[-1]
    ids = None if any(c.token_ids is None for c in completions) else tuple(t for c in completions for t in c.token_ids or ())
    logprobs = None if any(c.logprobs is None for c in completions) else tuple(x for c in completions for x in c.logprobs or ())
    return replace(
        first,
        text="".join(c.text for c in completions),
        finish_reason=last.finish_reason,
        completion_tokens=sum(c.completion_tokens for c in completions),
        token_ids=ids,
        logprobs=logprobs,
        error=last.error,
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """How completions are read: the chain's tags, and the text that answers were made to begin with."""

    think_tags: tuple[str, str]
    prefill: str

    def parts(self, completion: Completion) -> Parts:
        """Chain and response."""
        return parts_of(completion, self.think_tags, prefill=self.prefill)

    def text(self, completion: Completion) -> str:
        """The whole answer with its tags, also where a server took them out."""
        if completion.reasoning is not None:
            return f"{self.think_tags[0]}{completion.reasoning}{self.think_tags[1]}{completion.text}"
        return self.prefill + completion.text

    def answer(self, completion: Completion) -> Answer:
        """The completion as verifiers and filters see it."""
        parts = self.parts(completion)
        return Answer(self.text(completion), parts.reasoning, parts.response, completion.finish_reason)


async def judge(
    prompt: Prompt,
    completions: Sequence[Completion],
    places: tuple[Location, ...],
    reading: Reading,
    accept: Sequence[str],
    pool: VerifierPool,
) -> Held:
    """Verdict and filters of one sample. What was cut off or refused is never accepted, whatever its verdict."""
    completion = joined(completions)
    answer = reading.answer(completion)
    if completion.error is not None:
        verdict = Verdict("unverifiable", None, "the request was refused: " + completion.error)
    elif prompt.accept == "verified" and prompt.verifier is not None:
        verdict = await pool.verify(prompt.verifier, answer, prompt)
    else:
        verdict = Verdict("unverifiable", None, "for a judge to decide" if prompt.accept == "judged" else "nothing to check")
    reasons = tuple(dict.fromkeys(reason for name in accept for reason in CHEAP[name](answer)))
    finished = completion.finish_reason == "stop"
    right = verdict.status == "correct" if prompt.accept != "finished" else completion.error is None
    return Held(
        parts=places,
        verdict=verdict,
        reasons=reasons,
        counts=verdict.decided or (prompt.accept == "finished" and completion.error is None),
        accepted=right and finished and not reasons,
        refused=completion.error is not None,
        completion_tokens=completion.completion_tokens,
    )
