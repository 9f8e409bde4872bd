"""Generates reasoning-gym items in a process of its own, asked over its standard input. Run as a script by curate/sources/reasoning_gym.py; it uses nothing of this package.

Why a process: several families walk over sets, so their items change with Python's hash seed, which can only be fixed at the start of an interpreter; others draw from the global
random state, or print. Here the hash seed is fixed, the global state is seeded before every item, items are made in order, and what is printed goes to standard error.

Requests and answers are JSON lines: {"open": id, "task", "params"} -> {"domain"} or {"refused": sentence}; {"next": id, "count"} -> {"items": [...], "done": bool} or
{"failed": sentence}; each may carry {"closed": [id, ...]}, streams to be forgotten. It ends with its input.
"""

import dataclasses
import difflib
import json
import os
import random
import sys
from fractions import Fraction
from typing import Any

MATH = {"algebra", "arithmetic", "geometry", "probability"}
DROPPED = (
    "source_dataset",
    "source_index",
    "difficulty",
)  # say where an item is from; left in the gold they would make two prompts of one question


def survives(value: Any) -> Any:
    """`value` as JSON gives it back. Raises TypeError or ValueError for what would come back as something else."""
    plain = lists(value)
    found = json.loads(json.dumps(plain, ensure_ascii=False, allow_nan=False))
    if found != plain:
        raise TypeError("its entries do not survive JSON")
    return found


def lists(value: Any) -> Any:
    """`value` with tuples as lists, and fractions, which no scorer reads, as texts."""
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [lists(v) for v in value]
    return {k: lists(v) for k, v in value.items()} if isinstance(value, dict) else value


def near(word: str, words: list[str]) -> str:
    found = difflib.get_close_matches(word, words, n=4, cutoff=0.5)
    return ", ".join(found or sorted(words)[:12])


class Items:
    """The items of one task, in order."""

    def __init__(self, task: str, params: dict[str, Any]) -> None:
        import reasoning_gym
        from reasoning_gym.factory import DATASETS

        if task not in DATASETS:
            raise ValueError(f"reasoning-gym has no task {task!r}; near it are {near(task, list(DATASETS))}")
        known = [f.name for f in dataclasses.fields(DATASETS[task][1])]
        for name in params:
            if name not in known:
                raise ValueError(f"reasoning-gym's {task} has no parameter {name!r}; it has {', '.join(known)}")
        self.task, self.size, self.index = task, params["size"], 0
        try:
            random.seed(f"{task} {params['seed']}")
            self.dataset = reasoning_gym.create_dataset(task, **params)
        except Exception as error:  # whatever a task's own check of its parameters raises
            raise ValueError(f"reasoning-gym's {task} refuses these parameters: {str(error) or type(error).__name__}") from error
        self.seed = params["seed"]
        self.domain = "math" if self.dataset.category in MATH else "code" if self.dataset.category == "code" else "logic"

    def take(self, count: int) -> dict[str, Any]:
        items: list[dict[str, Any]] = []
        while self.index < self.size and len(items) < count:
            random.seed(f"{self.task} {self.seed} {self.index}")
            entry = dict(self.dataset[self.index])
            metadata = dict(entry.get("metadata") or {})
            difficulty = metadata.get("difficulty")
            for name in DROPPED:
                metadata.pop(name, None)
            for name, value in metadata.items():  # a colour by vertex: JSON has texts for keys
                if isinstance(value, dict) and all(isinstance(k, int) for k in value):
                    metadata[name] = {str(k): v for k, v in value.items()}
            gold = {"question": entry["question"], "answer": entry["answer"], "metadata": metadata}
            items.append({"index": self.index, "entry": survives(gold), "difficulty": json.loads(json.dumps(difficulty, default=str))})
            self.index += 1
        return {"items": items, "done": self.index >= self.size}


def answer(request: dict[str, Any], opened: dict[int, Items]) -> dict[str, Any]:
    """The answer to one request."""
    for stream in request["closed"]:
        opened.pop(stream, None)
    if "open" in request:
        try:
            opened[request["open"]] = Items(request["task"], request["params"])
        except ValueError as error:
            return {"refused": str(error)}
        return {"domain": opened[request["open"]].domain}
    items = opened[request["next"]]
    try:
        return items.take(request["count"])
    except Exception as error:  # a generator's bug ends its own source with a sentence, not the others
        return {"failed": f"reasoning-gym's {items.task} failed at item {items.index}: {type(error).__name__}: {error}"}


def main() -> None:
    """Answer until the input ends."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # some families print while they generate
    opened: dict[int, Items] = {}
    for line in sys.stdin.buffer:
        print(json.dumps(answer(json.loads(line), opened), ensure_ascii=True), file=channel, flush=True)


if __name__ == "__main__":
    main()
