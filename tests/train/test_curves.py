"""The report of a run: a page that stands alone, with a panel for every metric that is there and nothing that a name or a value could break."""

import json
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from curate.errors import CurateError, Damaged
from train.curves import panels, report
from train.drawing import Panel, Series, draw

EVIL = "reward/<script>alert('$x_1$ &')</script>"


def write(directory: Path, rows: list[dict[str, Any]], run: Any = None) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (directory / "run.json").write_text(json.dumps({"identity": {"preset": "r1-zero"}, "told": {}} if run is None else run))
    return directory


class Reader(HTMLParser):
    """The tags of a page, the addresses in them, and the text outside style sheets."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += data


def test_the_page_stands_alone_and_says_what_was_there(tmp_path: Path) -> None:
    rows = [{"step": s, "reward": s / 10, EVIL: 0.5, "pass_rate": 0.25, "reward/語": 1.0} for s in range(5)]
    run = write(tmp_path / "a <b>run", rows, {"identity": {"preset": "<i>r1</i>", "lr": 3e-6}, "told": {"out": "caf\udce9 & more"}})
    png, html = report(run)
    assert (png.name, html.name) == ("curves.png", "report.html")
    assert png.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    page = html.read_text("utf-8")
    reader = Reader(page)
    assert not {"script", "b", "i", "link", "img", "iframe"} & set(reader.tags)
    assert all(address.startswith("#") for address in reader.addresses)
    assert "url(http" not in page
    for said in ("a <b>run", EVIL, "reward/語", "<i>r1</i>", "3e-06", "caf? & more", "5 steps, 0 to 4", "Pass rate"):
        assert said in reader.text
    assert "default-src 'none'" in page


def test_the_drawing_takes_its_ink_from_the_page(tmp_path: Path) -> None:
    svg, _ = draw([Panel("one", [Series("a", [0, 1], [0.0, 1.0]), Series("b", [0, 1], [1.0, 0.0])])])
    root = ET.fromstring(svg)
    texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
    assert {"one", "a", "b"} <= {e.text for e in texts}
    assert all("fill: var(--ink)" in e.attrib["style"] for e in texts)
    assert "#ffffff" not in svg  # no white paper behind it


def test_intervals_and_names_of_steps_are_drawn() -> None:
    nan = float("nan")
    plain, _ = draw([Panel("p", [Series("a", [0, 1, 2], [1.0, nan, 3.0])])])
    svg, _ = draw([Panel("p", [Series("a", [0, 1, 2], [1.0, nan, 3.0], [0.5, nan, 2.0], [1.5, nan, 4.0])], ticks=["x", "y", "z"])])
    texts = [e.text for e in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert {"x", "y", "z"} <= set(texts)
    assert "opacity: 0.15" in svg
    assert "opacity: 0.15" not in plain


def test_the_same_run_gives_the_same_files(tmp_path: Path) -> None:
    rows = [{"step": s, "loss": 1.0 / (s + 1), "time/step": 2.0, "time/update": 1.0} for s in range(4)]
    first, second = (report(write(tmp_path / parent / "run", rows)) for parent in ("a", "b"))
    assert [f.read_bytes() for f in first] == [f.read_bytes() for f in second]


@pytest.mark.parametrize(
    ("metrics", "titles"),
    [
        (["loss", "val_loss", "lr"], ["Loss", "Learning rate"]),
        (["reward", "loss"], ["Reward", "Loss (near 0 on-policy: not a measure of progress)"]),
        (
            ["kl", "language", "clip", "entropy"],
            ["Entropy (nats a token)", "KL to the reference (nats a token)", "Clipped tokens (share)", "language"],
        ),
        (["mismatch", "mismatch_max"], ["Mismatch with the engine (mean |Δ log p|)", "Largest mismatch (|Δ log p|)"]),
        (["time/step", "time/tokens_per_s"], ["Tokens a second", "Seconds a step"]),
        (["time/update", "time/step", "length"], ["Completion length (tokens)", "Where a step's seconds go"]),
    ],
)
def test_a_panel_for_what_is_there_and_for_nothing_else(metrics: list[str], titles: list[str]) -> None:
    assert [panel.title for panel in panels([{"step": 0, **dict.fromkeys(metrics, 1.0)}])] == titles


def test_every_metric_is_in_exactly_one_panel() -> None:
    names = ["reward", "reward/math", "pass_rate", "no_spread", "entropy", "kl", "clip", "length", "truncated", "mismatch", "mismatch_max"]
    names += ["loss", "val_loss", "grad_norm", "lr", "tokens", "time/tokens_per_s", "something/new", "rewarded"]
    drawn = [series.name for panel in panels([{"step": 0, **dict.fromkeys(names, 1.0)}]) for series in panel.series]
    assert sorted(drawn) == sorted(names)


def test_values_that_are_not_finite_are_gaps_and_steps_without_a_value_are_not() -> None:
    rows = [
        {"step": 0, "kl": 1.0},
        {"step": 1},
        {"step": 2, "kl": math.inf},
        {"step": 3, "kl": None},
        {"step": 4, "kl": math.nan},
        {"step": 5, "kl": 2.0},
    ]
    (panel,) = panels(rows)
    (series,) = panel.series
    assert (panel.title, panel.stacked) == ("KL to the reference (nats a token)", False)
    assert series.steps == [0, 2, 3, 4, 5]
    assert [v for v in series.values if not math.isnan(v)] == [1.0, 2.0]


def test_a_point_between_gaps_is_seen_as_a_dot() -> None:
    def dots(values: list[float]) -> int:
        svg, _ = draw([Panel("p", [Series("a", list(range(len(values))), values)])])
        return len(re.findall(r'<g clip-path="[^"]*">\s*<use', svg))

    assert dots([1.0, 2.0, 3.0]) == 0
    assert dots([1.0, math.nan, 3.0, 4.0]) == 1


def test_the_time_split_adds_up_to_the_step() -> None:
    rows = [
        {"step": 0, "time/rollout": 6.0, "time/update": 2.0, "time/step": 10.0},
        {"step": 1, "time/update": 2.0, "time/step": 3.0},
        {"step": 2, "time/update": math.nan, "time/step": 3.0},
    ]
    (panel,) = panels(rows)
    split = {s.name: s.values for s in panel.series}
    assert panel.stacked
    assert split["rollout"] == [6.0, 0.0, 0.0]
    assert split["other"][:2] == [2.0, 1.0]
    assert math.isnan(split["update"][2])


@pytest.mark.parametrize("values", [{"reward": 0.5, "time/update": 1.0, "time/sync": 0.5}, {"loss": math.nan}])
def test_a_run_of_one_step_says_so(tmp_path: Path, values: dict[str, float]) -> None:
    _, html = report(write(tmp_path, [{"step": 0, **values}]))
    assert "1 step so far" in html.read_text("utf-8")


@pytest.mark.parametrize(
    ("files", "kind", "words"),
    [
        ({}, CurateError, "no training run"),
        ({"metrics.jsonl": "", "run.json": '{"identity": {}, "told": {}}'}, CurateError, "holds no step yet"),
        ({"metrics.jsonl": '{"step": 0, "loss": 1}\n'}, CurateError, "holds no run.json"),
        ({"metrics.jsonl": '{"step": 0, "loss": 1}\n', "run.json": "{"}, Damaged, "run.json is not the JSON"),
        ({"metrics.jsonl": '{"step": 0, "loss": 1}\n', "run.json": "[1]"}, Damaged, "run.json is not the JSON"),
    ],
)
def test_what_cannot_be_reported_is_one_sentence(tmp_path: Path, files: dict[str, str], kind: type[CurateError], words: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(kind, match=words) as caught:
        report(tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "report.html").exists()
