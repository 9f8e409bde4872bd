"""When function words and peculiar letters settle the language of a segment."""

from collections.abc import Iterable, Sequence

from curate.language.tokens import Kind

ENOUGH = 2  # function words that a segment needs before they are believed
AHEAD = 1.5  # how far ahead of the second language the first must be
AGREED = 8  # and, for a whole line at once, how many function words of the first language there must be for each that it does not have
CERTAIN = 3  # of which there must be fewer: as many make a sentence of another language. Two are in many a list of names and terms
DENSITY = 0.12  # and what share of the words they must be


def hits(found: Iterable[tuple[Kind, int]]) -> dict[str, int]:
    """How many function words and peculiar letters speak for each language, of kinds of tokens and how many there are of each."""
    spoken_for: dict[str, int] = {}
    for kind, count in found:
        for languages in kind.evidence:
            for language in languages:
                spoken_for[language] = spoken_for.get(language, 0) + count
    return spoken_for


def settled(found: Sequence[tuple[Kind, int]], *, enough: int, whole_line: bool = False) -> str | None:
    """The language that function words and peculiar letters settle; None where they do not."""
    spoken_for = hits(found)
    if not spoken_for:
        return None
    words = sum(count for kind, count in found if kind.script)
    total = sum(count * len(kind.evidence) for kind, count in found)
    best = max(spoken_for, key=spoken_for.__getitem__)
    most = spoken_for.pop(best)
    second, others = max(spoken_for.values(), default=0), total - most  # others: what the best does not have
    tells = most > ENOUGH and most > second and not others  # close relatives share most, and then one word tells
    ahead = tells or most >= AHEAD * second
    if whole_line and (most < AGREED * others or others >= CERTAIN):
        return None
    return best if ahead and most >= enough and most >= DENSITY * words else None
