"""Functions in place of a model, for the scripted engine: deterministic in what they are asked, so that runs can be compared byte for byte."""

import hashlib
import os
import re
import time
from pathlib import Path
from typing import Any

Messages = list[dict[str, str]]


def draw(*parts: Any) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6], "big") / 2**48


def adder(messages: Messages, sample_index: int, seed: int | None) -> str:
    """Adds the numbers of the question, right in a share of the samples that depends on the question."""
    question = messages[-1]["content"]
    numbers = [int(n) for n in re.findall(r"\d+", question)]
    skill = draw(question)
    answer = sum(numbers) + (0 if draw(question, sample_index, seed) < skill else 1)
    return f"<think>{' plus '.join(map(str, numbers))} is what is asked.</think> \\boxed{{{answer}}}"


async def logged(messages: Messages, sample_index: int, seed: int | None) -> dict[str, Any]:
    """The adder, slow now and then, and every call written down: one line when it begins, one when it ends (file in LOGGED_CALLS; LOGGED_LATENCY: seconds at most)."""
    import asyncio

    log = os.open(os.environ["LOGGED_CALLS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(log, f"begin {time.monotonic()}\n".encode())
        await asyncio.sleep(float(os.environ.get("LOGGED_LATENCY", "0.03")) * draw("latency", messages[-1]["content"], sample_index))
        text = adder(messages, sample_index, seed)
        os.write(log, f"end {time.monotonic()}\n".encode())
    finally:
        os.close(log)
    return {"text": text}


def guesser(messages: Messages, sample_index: int, seed: int | None) -> str:
    """Guesses a letter, whatever is asked."""
    return f"<think>I guess.</think> The answer is ({'ABCD'[int(4 * draw(messages[-1]['content'], sample_index, seed))]})"


def knows_some(messages: Messages, sample_index: int, seed: int | None) -> str:
    """Knows the answer of 40 % of the prompts (given in brackets in the question) and guesses the others."""
    question = messages[-1]["content"]
    if draw("known", question) < 0.4:
        return f"<think>I know it.</think> The answer is ({re.findall(r'{(.)}', question)[0]})"
    return guesser(messages, sample_index, seed)


def write_sums(path: Path, count: int, *, first: int = 0) -> Path:
    """A JSONL file of sums with their golds."""
    lines = [f'{{"problem": "What is {n} + {n * 7 % 91}?", "answer": "{n + n * 7 % 91}"}}\n' for n in range(first, first + count)]
    path.write_text("".join(lines))
    return path
