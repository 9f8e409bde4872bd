"""Which of a prompt's samples stay where there are more than are wanted: a pure function of the samples, so that the same samples stay whatever else is in the set."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, get_args

from curate.errors import UsageError
from curate.filters.minhash import Marks, similarity

Keep = Literal["first", "shortest", "diverse", "random"]
KEEPS: tuple[str, ...] = get_args(Keep)
REASON = "prompt_cap"


def chosen(keep: str, cap: int, prompt_id: str, lengths: Sequence[int], marks: Marks) -> list[int]:
    """The positions, ascending, of at most `cap` samples of one prompt.

    `first` takes them in their order, `shortest` by `lengths` (in any unit), `random` in an order that the prompt's id alone decides, and `diverse` the first one and then always the one that is least
    like those taken: the greatest of its estimated similarities to them, by `marks` (a row a sample), is the smallest. Ties go to the earlier one. Raises UsageError for another word or a cap below 1.
    """
    if keep not in KEEPS:
        raise UsageError(f"--keep {keep}: it is one of {', '.join(KEEPS)}")
    if cap < 1:
        raise UsageError(f"at least 1 sample of a prompt must be kept, not {cap}")
    count = len(lengths)
    if count <= cap or keep == "first":
        return list(range(min(count, cap)))
    if keep == "shortest":
        order = sorted(range(count), key=lambda i: (lengths[i], i))
    elif keep == "random":
        order = sorted(range(count), key=lambda i: blake2b(f"{prompt_id}-{i}".encode(), digest_size=8).digest())
    else:
        order = _farthest(cap, marks)
    return sorted(order[:cap])


def _farthest(cap: int, marks: Marks) -> list[int]:
    taken = [0]
    nearest = similarity(marks, marks[0])
    while len(taken) < cap:
        nearest[taken[-1]] = 2  # above every similarity
        taken.append(int(nearest.argmin()))
        nearest = nearest.clip(min=similarity(marks, marks[taken[-1]]))
    return taken
