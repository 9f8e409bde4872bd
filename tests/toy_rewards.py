"""Rewards and verifiers of one's own for test_rewards.py: sound, odd and broken ones."""

import os
import time
import zlib

import numpy as np

from curate.records import Answer, Prompt, Verdict

VERSION = "toy"


def length(answer: Answer, prompt: Prompt) -> int:
    return len(answer.text)


def names_verifier(answer: Answer, prompt: Prompt) -> bool:
    return prompt.verifier == "math"


def told(answer: Answer, prompt: Prompt) -> object:
    """Whatever the answer says."""
    if answer.text == "raise":
        return {}["nothing"]
    if answer.text == "hang":
        time.sleep(60)
    if answer.text == "exit":
        os._exit(3)
    odd = {"nan": float("nan"), "inf": float("inf"), "text": "much", "none": None, "true": True, "numpy": np.float32(0.5)}
    return odd[answer.text] if answer.text in odd else float(answer.text)


def graded(answer: Answer, prompt: Prompt) -> Verdict:
    if answer.text == "all":
        return Verdict("correct", 1.0)
    return Verdict("wrong", 0.4 if answer.text == "some" else 0.0)


def faulty(answer: Answer, prompt: Prompt) -> Verdict:
    if answer.text == "hang":
        time.sleep(60)
    if answer.text == "crash":
        os._exit(3)
    return Verdict("correct", 1.0)


def small_letters(answer: Answer, prompt: Prompt) -> float:
    """The share of lower-case letters: something that a model without any knowledge can learn."""
    return sum(c.islower() for c in answer.text) / max(1, len(answer.text))


def by_lot(answer: Answer, prompt: Prompt) -> float:
    """Half of the answers are good, whatever they say."""
    return float(zlib.crc32(f"{prompt.id}{answer.text}".encode()) % 2)
