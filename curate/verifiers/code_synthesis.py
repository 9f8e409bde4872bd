"""Test cases for a problem whose own tests are not to be had: what R1 did for Codeforces and AtCoder (arXiv 2501.12948, B.3.2 and Listing 2), as a function that a recipe calls.

A model writes programs that each print one input. An input on which the known-correct submissions fail or disagree is invalid and dropped; of the others those are kept that break known-wrong
submissions. Everything runs in the sandbox: generators and submissions are as hostile as any program.

Departure from the paper, which does not say how it picks: greedy cover, so that few inputs break as many wrong submissions as all inputs do; ties go to the earlier input, so the result depends on nothing
but the arguments.
"""

import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from curate import sandbox
from curate.records import canonical_json
from curate.verifiers.code_compare import same_output

LARGEST_INPUT = 8 << 20  # bytes
GENERATOR_LIMITS = sandbox.Limits(output_bytes=LARGEST_INPUT)


class Submission(NamedTuple):
    """A whole program that reads stdin and writes stdout."""

    source: str
    language: str = "python"  # or cpp


class Synthesis(NamedTuple):
    """Test cases with what was dropped and why. `broken` and `unbroken` are indices of wrong submissions: the latter pass every valid input."""

    test_cases: tuple[dict[str, str], ...]
    valid: int
    dropped: dict[str, int]
    broken: tuple[int, ...]
    unbroken: tuple[int, ...]

    def gold(self, language: str = "python", **limits: float) -> str:
        """The gold for the verifier `code`; `limits` are its time_limit and memory_limit."""
        return canonical_json({"language": language, "test_cases": list(self.test_cases), **limits})


class _Runnable:
    """A submission, compiled once where it has to be; `why` says why it cannot run."""

    def __init__(self, submission: Submission) -> None:
        self.source, self.why = submission.source, ""
        self.executable = b""
        if submission.language == "cpp":
            try:
                self.executable = sandbox.compile_cpp(submission.source)
            except sandbox.CompileError as error:
                self.why = str(error)

    def output(self, given: str, limits: sandbox.Limits) -> str | None:
        """What it prints; None where it fails."""
        if self.why:
            return None
        stdin = given.encode()
        ending = sandbox.binary(self.executable, stdin, limits) if self.executable else sandbox.script(self.source, stdin, limits)
        return _text(ending)


def _text(ending: sandbox.Ending) -> str | None:
    if ending.stopped or os.waitstatus_to_exitcode(ending.status) != 0:
        return None
    try:
        return ending.output.decode()
    except UnicodeDecodeError:
        return None


def _inputs(generators: Sequence[str], dropped: Counter[str]) -> list[str]:
    found: dict[str, None] = {}
    for generator in generators:
        text = _text(sandbox.script(generator, b"", GENERATOR_LIMITS))
        reason = "generator failed" if text is None else "empty input" if not text.strip() else "duplicate input" if text in found else ""
        if reason or text is None:
            dropped[reason] += 1
        else:
            found[text] = None
    return list(found)


def _expected(given: str, correct: Sequence[_Runnable], limits: sandbox.Limits) -> tuple[str | None, str]:
    """The output on which all correct submissions agree, or why there is none."""
    agreed: str | None = None
    for submission in correct:
        output = submission.output(given, limits)
        if output is None:
            return None, "a correct submission failed"
        if agreed is not None and not same_output(output, agreed):
            return None, "correct submissions disagree"
        agreed = output if agreed is None else agreed
    return agreed, ""


def synthesise(
    generators: Sequence[str],
    correct: Sequence[Submission],
    wrong: Sequence[Submission],
    *,
    limits: sandbox.Limits | None = None,
    most_tests: int = 50,
) -> Synthesis:
    """Test cases from input generators. Without wrong submissions the first `most_tests` valid inputs are kept. Raises ValueError without a correct submission, NoSandbox or SandboxError."""
    if not correct:
        raise ValueError("test cases need at least one correct submission to say what is right")
    limits = limits or sandbox.Limits()
    dropped: Counter[str] = Counter()
    judges = [_Runnable(s) for s in correct]
    cases: list[tuple[str, str]] = []
    for given in _inputs(generators, dropped):
        expected, reason = _expected(given, judges, limits)
        if expected is None:
            dropped[reason] += 1
        else:
            cases.append((given, expected))
    suspects = [_Runnable(s) for s in wrong]
    breaks: list[set[int]] = []
    for given, expected in cases:
        outputs = [s.output(given, limits) for s in suspects]
        breaks.append({i for i, output in enumerate(outputs) if output is None or not same_output(output, expected)})
    kept = list(range(len(cases)))[:most_tests] if not wrong else _cover(breaks, most_tests)
    if wrong and len(kept) < len(cases):
        dropped["breaks no further wrong submission"] += len(cases) - len(kept)
    broken = set().union(*(breaks[i] for i in kept)) if kept else set()
    return Synthesis(
        tuple({"type": "stdin_stdout", "input": cases[i][0], "output": cases[i][1]} for i in kept),
        len(cases),
        dict(dropped),
        tuple(sorted(broken)),
        tuple(i for i in range(len(wrong)) if i not in broken),
    )


def _cover(breaks: Sequence[set[int]], most: int) -> list[int]:
    """Indices of few sets whose union is that of all, in order."""
    kept: list[int] = []
    covered: set[int] = set()
    while len(kept) < most:
        best = max(range(len(breaks)), key=lambda i: (len(breaks[i] - covered), -i), default=None)
        if best is None or not breaks[best] - covered:
            break
        kept.append(best)
        covered |= breaks[best]
    return sorted(kept)
