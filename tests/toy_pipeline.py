"""A pipeline of text files for test_stage.py, test_pipeline.py and the commands: no model, no data set."""

import os
from pathlib import Path

from curate.errors import CurateError, Stopped
from curate.stage import Given, Pipeline, Stage, Task

CALLS: list[str] = []
VERSION = "1"


def write(task: Task) -> None:
    """Appends the text of the inputs to one's own, and notes that it was called."""
    CALLS.append(task.directory.name.partition("-")[0])
    texts = [path.read_text() for path in task.inputs.values()]
    task.outputs["text"].write_text("".join([*texts, f"{task.config['word']} " * task.config.get("times", 1)]))


def stops_once(task: Task) -> None:
    """Is stopped when it is called first, and goes on with what it had."""
    begun = task.directory / "begun"
    if not begun.exists():
        begun.write_text("half")
        raise Stopped("stopped by a signal; the same command goes on")
    task.outputs["text"].write_text(begun.read_text() + " and whole")


def killed(task: Task) -> None:
    """Ends its process."""
    (task.directory / "begun").write_text("half")
    if not os.environ.get("GO_ON"):
        os._exit(9)
    task.outputs["text"].write_text("whole")


def talks(task: Task) -> None:
    task.say("half of it")
    write(task)


def makes_nothing(task: Task) -> None:
    """Breaks its promise."""


def fails(task: Task) -> None:
    raise CurateError("the model cannot be loaded")


def pipeline(source: Path | None = None, second: str = "write") -> Pipeline:
    """first -> second -> last, and an apart that takes nothing; `second` names what the second one runs."""
    text = {"text": "text.txt"}
    run = "tests.toy_pipeline:write"
    first = Stage(
        "first",
        run,
        {} if source is None else {"given": Given(str(source))},
        {"word": "a", "times": 1, "rate": 0.5},
        text,
        about="the first one",
    )
    two = Stage(
        "second",
        f"tests.toy_pipeline:{second}",
        {"text": first["text"]},
        {"word": "b"},
        text,
        {"workers": 1},
        uses=("tests.toy_pipeline:VERSION",),
    )
    apart = Stage("apart", run, {}, {"word": "x"}, text)
    last = Stage(
        "last", run, {"two": two["text"], "apart": apart["text"]}, {"word": "c", "options": {"deep": {"on": True}}, "names": ["n"]}, text
    )
    return Pipeline("toy", (first, two, apart, last), "texts of texts")


PIPELINE = pipeline()
