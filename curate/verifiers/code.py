"""Programs, judged by running them on tests in the sandbox (curate/sandbox). What the gold may look like is in code_targets.py, what counts as equal in code_compare.py and code_split.py.

The verdict is reached outside the program's process: it gets inputs, gives outputs, and never sees what is expected. A result that is missing is a failed test. Test code that cannot be split into calls
and a condition runs in a second process of the sandbox, and `detail` says "tester"; there == is Python's own.

What the program does is its own fault: too much CPU time, sleep, memory or output, a crash, a non-zero exit status are `wrong`, with the reason. What the sandbox does is not: SandboxError leaves this
function, and the pool tries again, then records `verifier_crash`. All tests are run, for the share that passed, up to one that ends the program or exceeds a limit.

What it does not judge: how fast a program is beyond the limits, and output where several answers are right, which needs a checker of the problem's own.
"""

import json
import os
import re
import signal
from dataclasses import replace
from typing import Any, NamedTuple

from curate import sandbox
from curate.records import Answer, Prompt, Verdict
from curate.sandbox.compiler import available
from curate.sandbox.inside.plain import NotPlain, read
from curate.verifiers.code_compare import same_output, same_value
from curate.verifiers.code_extract import LONGEST_PROGRAM, defines, method_owner, program, whole_program
from curate.verifiers.code_split import holds
from curate.verifiers.code_targets import Malformed, Target, parse

VERSION = "3"

MOST_EXTRACTED = 20_000  # characters of the program kept in the verdict
LONGEST_CAUSE = 200
# Packages that programs may count on elsewhere; a module of any other name is the program's own mistake.
ELSEWHERE = frozenset(
    "PIL bs4 cv2 dateutil gmpy2 matplotlib more_itertools networkx nltk numba numpy pandas pytz regex requests scipy sklearn sortedcontainers sympy tensorflow torch tqdm yaml".split()  # noqa: SIM905
)
# What LeetCode itself imports before the class `Solution` that its answers are, and many leave out.
LEETCODE = """
import bisect, collections, functools, heapq, itertools, math, random, re, string
from typing import *
from collections import *
from functools import *
from heapq import *
from itertools import *
from bisect import bisect_left, bisect_right, insort
from math import ceil, comb, floor, gcd, inf, sqrt
"""
NOT_PLAIN = "is not plain data"  # how the text of NotPlain ends for an object (curate/sandbox/inside/plain.py)
_NEEDED = re.compile(r"ModuleNotFoundError: No module named '(\w+)")


class Failure(NamedTuple):
    """The first test that did not pass: its index, what kind of failure, and its cause."""

    at: int
    kind: str  # output | value | assertion | error | exit | cpu | idle | memory | size | missing | load
    cause: str


class Result(NamedTuple):
    """Tests passed and run, and the first failure."""

    passed: int
    run: int
    failure: Failure | None


def _how_it_ended(ending: sandbox.Ending, limits: sandbox.Limits) -> tuple[str, str] | None:
    """Kind and cause where a program exceeded a limit or crashed; None where it ended well."""
    if ending.stopped == "idle":
        return "idle", f"no more work, and no end, in {limits.idle_seconds:g} s"
    if ending.stopped:
        return "size", f"more than {limits.output_bytes >> 20} MiB of output"
    tail = ending.errors[-2000:]
    if os.WIFSIGNALED(ending.status):
        number = os.WTERMSIG(ending.status)
        if number in (signal.SIGPROF, signal.SIGXCPU, signal.SIGKILL):
            return "cpu", f"more than {limits.cpu_seconds:g} s of CPU time"
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        return ("memory", "out of memory") if b"bad_alloc" in tail else ("error", f"ended by {name}")
    status = os.waitstatus_to_exitcode(ending.status)
    if status:
        last = tail.decode(errors="replace").strip().rpartition("\n")[2]
        if b"MemoryError" in tail or b"bad_alloc" in tail:
            return "memory", f"more than {limits.memory_bytes >> 20} MiB of memory"
        return "exit", f"exit status {status}{': ' + last if last else ''}"
    return None


def _stdio(target: Target, source: str) -> Result:
    passed = 0
    failure = None
    executable = sandbox.compile_cpp(source) if target.language == "cpp" else b""
    for i, (given, expected) in enumerate(target.cases):
        limits = target.limits._replace(output_bytes=max(target.limits.output_bytes, 2 * len(expected)))
        stdin = given.encode("utf-8", "surrogatepass")
        ending = sandbox.binary(executable, stdin, limits) if executable else sandbox.script(source, stdin, limits)
        bad = _how_it_ended(ending, limits)
        if bad is None:
            try:
                right = same_output(ending.output.decode(), expected)
            except UnicodeDecodeError:
                right = False
            passed += right
            bad = None if right else ("output", "another output than expected")
        if bad is not None:
            failure = failure or Failure(i, *bad)
            if bad[0] in ("cpu", "idle", "memory", "size"):
                return Result(passed, i + 1, failure)
    return Result(passed, target.total, failure)


def _values(target: Target, source: str, entry: str | None) -> Result:
    """Calls in one process, judged one by one."""
    wanted: list[Any] = [a.calls for a in target.assertions] or [(arguments,) for arguments, _ in target.cases]
    asked = [call for calls in wanted for call in calls]
    made = sandbox.calls(source, entry, asked, target.limits)
    ended = _how_it_ended(made.ending, target.limits) if made.ending else None
    if made.load_error and not made.replies:
        return Result(0, 0, Failure(0, "load", made.load_error))
    passed = run = at = 0
    failure = None
    for i, calls in enumerate(wanted):
        replies = made.replies[at : at + len(calls)]
        at += len(calls)
        if len(replies) < len(calls):
            kind, cause = ended or ("missing", "the program ended before it gave a value")
            return Result(passed, run + 1, failure or Failure(i, kind, cause))
        run += 1
        kind, cause = _judged(target, i, replies)
        passed += not kind
        if kind and failure is None:
            failure = Failure(i, kind, cause)
    return Result(passed, run, failure)


def _judged(target: Target, i: int, replies: list[tuple[str, str]]) -> tuple[str, str]:
    """Kind and cause of a failure of test i; empty where it passed."""
    values = []
    for kind, text in replies:
        if kind != "value":
            return ("memory", text) if text.startswith("MemoryError") else ("error", text)
        try:
            values.append(read(text))
        except NotPlain as error:
            return "error", str(error)
    if target.assertions:
        why = holds(target.assertions[i], values)
        return ("assertion", why) if why else ("", "")
    expected = target.cases[i][1]
    try:
        right = same_value(values[0], expected) or (target.single and same_value(values[0], expected[0]))
    except RecursionError:
        right = False
    return ("", "") if right else ("value", "another value than expected")


def _tester(target: Target, source: str, entry: str | None) -> Result:
    made = sandbox.with_tests(source, target.parts, entry, target.limits, before=target.begun, check=target.check)
    if made.load_error and not any(o is None for o in made.outcomes):
        return Result(0, 0, Failure(0, "load", made.load_error))
    passed = sum(o is None for o in made.outcomes)
    failed = next((i for i, o in enumerate(made.outcomes) if o is not None), None)
    if failed is not None:
        kind = "unjudged" if failed in made.unjudged else "assertion"
        return Result(passed, len(made.outcomes), Failure(failed, kind, made.outcomes[failed] or ""))
    if len(made.outcomes) < len(target.parts):
        ended = [how for ending in made.endings if (how := _how_it_ended(ending, target.limits))]
        kind, cause = ended[0] if ended else ("missing", "the program ended before the tests did")
        return Result(passed, len(made.outcomes) + 1, Failure(len(made.outcomes), kind, cause))
    return Result(passed, len(made.outcomes), None)


def _entry(target: Target, found: str, source: str) -> str | None:
    """How the function under test is reached, where the gold names one: in the response's own part of the program, or in the whole. Raises LookupError where the program has none."""
    if target.kind == "stdio" or target.entry is None:
        return None
    if defines(found, target.entry) or defines(source, target.entry):
        return target.entry
    if method_owner(source, target.entry):
        return f"Solution().{target.entry}"
    raise LookupError(f"the program defines no {target.entry}")


def verify(answer: Answer, prompt: Prompt) -> Verdict:
    """`prompt.gold` is JSON, as code_targets.py says. Raises NoSandbox where nothing can be run here, SandboxError where the sandbox failed twice."""
    try:
        target = parse(prompt.gold)
    except Malformed as error:
        return Verdict("unparsable_gold", reason=str(error))
    if target.language == "cpp" and not available():
        return Verdict("unverifiable", reason="there is no g++ here to compile a C++ program with")
    found = program(answer.response, target.language, target.begun)
    if found is None:
        return Verdict("no_answer", 0.0, "the response holds no finished program")
    extracted = found[:MOST_EXTRACTED]
    if len(found) > LONGEST_PROGRAM:
        return Verdict("wrong", 0.0, f"a program of {len(found)} characters", extracted)
    return replace(_run(target, found), extracted=extracted)


def _run(target: Target, found: str) -> Verdict:
    source = whole_program(found, target.begun, target.entry)
    detail: dict[str, Any] = {"tier": sandbox.tier().name, "tests": {"stdio": "stdin", "tester": "tester"}.get(target.kind, "split")}
    try:
        entry = _entry(target, found, source)
        if entry != target.entry and target.kind != "stdio" and "__future__" not in source:
            source = LEETCODE + source
        if target.kind == "stdio":
            result = _stdio(target, source)
        elif target.kind == "tester":
            result = _tester(target, source, entry)
        else:
            result = _values(target, source, entry)
            if target.parts and entry == target.entry and result.failure is not None and result.failure.cause.endswith(NOT_PLAIN):
                target = target._replace(
                    kind="tester", assertions=()
                )  # its tests handle objects of its own classes, which stay in its process
                detail["tests"] = "tester"
                result = _tester(target, source, entry)
    except LookupError as error:
        result = Result(0, 0, Failure(0, "load", str(error)))
    except sandbox.CompileError as error:
        result = Result(0, 0, Failure(0, "load", f"does not compile: {error}"))
    detail |= {"passed": result.passed, "run": result.run, "total": target.total}
    if result.failure is None and result.passed == target.total:
        return Verdict("correct", 1.0, detail=json.dumps(detail))
    failure = result.failure or Failure(result.run, "missing", "not run")
    detail["failed"] = {"index": failure.at, "kind": failure.kind, "cause": failure.cause[:LONGEST_CAUSE]}
    where = "" if failure.kind == "load" else f"test {failure.at + 1} of {target.total}: "
    if (needed := _NEEDED.search(failure.cause)) and needed[1] in ELSEWHERE:
        return Verdict("unverifiable", reason=f"the program needs {needed[1]}, which the sandbox does not have", detail=json.dumps(detail))
    if failure.kind == "unjudged":
        return Verdict("unverifiable", reason=f"{where}{failure.cause[:LONGEST_CAUSE]}", detail=json.dumps(detail))
    return Verdict(
        "wrong", min(result.passed, target.total - 1) / target.total, f"{where}{failure.cause[:LONGEST_CAUSE]}", detail=json.dumps(detail)
    )


def reference(prompt: Prompt) -> str | None:
    """A completion that should be judged correct: the gold's own solution in a code block, for --audit. None where the gold carries none."""
    try:
        target = parse(prompt.gold)
    except Malformed:
        return None
    if not target.solution:
        return None
    closed = program(target.solution, target.language) if "```" in target.solution else target.solution
    if closed is None:
        return None
    whole = whole_program(closed, target.begun, target.entry)
    fence = "`" * 3
    return f"{fence}{target.language}\n{whole}\n{fence}"
