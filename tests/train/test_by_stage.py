"""The report stage by stage: evaluations of functions in place of models, what is told first of a judge, and where the time went."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from curate import api
from curate.dataset import Dataset
from curate.stage import Task
from tests.models import adder
from train.by_stage import named, stage
from train.tasks import evaluate

HERE = "tests.train.test_by_stage"
TRUST = {
    "judge": "a|judge<1>@0123456789abcdef",
    "pairs": 60,
    "agreement": 0.5,
    "low": 0.377,
    "high": 0.623,
    "least": 0.65,
    "trusted": False,
    "tasks": {},
}
QUALITY = {
    "models": {"base": {"mean": 3.25, "low": 2.0, "high": 4.5, "n": 8}, "zero": {"mean": None, "low": None, "high": None, "n": 0}},
    "judge": "judge@1",
}
CONFIG = {"title": "a <toy>", "paper": [["AIME", 77.9, None]], "paper_models": ["Zero", "Dev1"], "paper_source": "Table 3"}

Messages = list[dict[str, str]]


def base(messages: Messages, index: int, seed: int | None) -> str:
    """Right now and then, in no form."""
    return "NO" if "lower case" in messages[-1]["content"] else adder(messages, index, seed).partition("</think>")[2]


def zero(messages: Messages, index: int, seed: int | None) -> str:
    """Right, in R1's form."""
    question = messages[-1]["content"]
    answer = "yes" if "lower case" in question else f"\\boxed{{{sum(map(int, re.findall(r'[0-9]+', question)))}}}"
    return f"<think>I add the two numbers of the question.</think><answer>{answer}</answer>"


@pytest.fixture(scope="module")
def evaluations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of two stages, over three domains; `shown` has two answers of the second one alone, `bare` questions of one domain."""
    root = tmp_path_factory.mktemp("evaluations")
    sums = [
        {"messages": f"What is {n} + {7 * n}?", "answer": str(8 * n), "domain": "math" if n % 2 else "logic", "verifier": "math"}
        for n in range(16)
    ]
    words = [
        {
            "messages": f"Say something in lower case ({n}).",
            "answer": '{"func_name": "validate_lowercase"}',
            "domain": "constraints",
            "verifier": "ifeval",
        }
        for n in range(4)
    ]
    source = {"mapping": {"messages": "messages", "gold": "answer", "domain": "domain", "verifier": "verifier"}}
    found = {}
    for name, lines, models, k in (
        ("evaluation", sums + words, ("base", "zero"), 4),
        ("shown", sums, ("zero",), 2),
        ("bare", sums[1::2], ("base",), 1),
    ):
        (root / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        inputs = {**{model: Path(f"{HERE}:{model}") for model in models}, "prompts": root / f"{name}.jsonl"}
        found[name] = root / name
        evaluate(Task(inputs, {"engine": "scripted", "k": k, "source": _options(source)}, {}, root, {"evaluation": found[name]}))
    return found


def _options(source: dict[str, Any]) -> Any:
    from curate.sources import SourceOptions

    return SourceOptions(**source)


def reported(
    tmp_path: Path, evaluation: Path, config: dict[str, Any] = CONFIG, took: dict[str, float] | None = None, **more: Any
) -> tuple[str, str]:
    """The report as Markdown and as HTML; of `more`, what is no path is written to the file of that name."""
    inputs = {"evaluation": evaluation}
    for name, value in more.items():
        inputs[name] = value if isinstance(value, Path) else tmp_path / name
        if not isinstance(value, Path):
            inputs[name].mkdir()
            (inputs[name] / f"{name}.json").write_text(json.dumps(value))
    stage(Task(inputs, config, {}, tmp_path, {"report": tmp_path / "report"}, took=took or {}))
    assert (tmp_path / "report" / "stages.png").read_bytes().startswith(b"\x89PNG")
    return (tmp_path / "report" / "report.md").read_text(), (tmp_path / "report" / "report.html").read_text()


def tables(text: str) -> dict[str, list[dict[str, str]]]:
    """The tables of a Markdown report, by title: each row by its heads."""
    found = {}
    for part in text.split("\n## ")[1:]:
        title, *lines = part.splitlines()
        heads, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")]
        found[title] = [dict(zip(heads, row, strict=True)) for row in rows]
    return found


def test_every_stage_has_a_row_with_intervals_in_each_table(tmp_path, evaluations):
    text, _ = reported(tmp_path, evaluations["evaluation"], shown=evaluations["shown"], quality=QUALITY)
    found = tables(text)
    right, rest, paper, domains, shown = found.values()
    assert [row["stage"] for table in (right, rest, domains) for row in table] == ["base", "zero"] * 3
    assert [row["stage"] for row in shown] == ["base", "zero"]
    share = r"\d+\.\d \(\d+\.\d to \d+\.\d\)"
    assert re.fullmatch(share, right[0]["right"])
    assert re.fullmatch(r"100\.0 \(\d+\.\d to 100\.0\)", right[1]["right"])
    assert right[0]["more than the stage before"] == "-"
    assert re.fullmatch(r"\+\d+\.\d \(\+\d+\.\d to \+\d+\.\d\)", right[1]["more than the stage before"])
    assert right[0]["right, with worked examples, leniently read"] == "-"
    assert right[1]["right, with worked examples"].startswith("100.0 (")
    assert [list(domains[0]), domains[1]["math"][:5]] == [
        ["stage", "logic", "logic, leniently read", "math", "math, leniently read"],
        "100.0",
    ]
    assert re.fullmatch(r"0\.0 \(0\.0 to \d+\.\d\)", rest[0]["constraints followed"])
    assert rest[1]["constraints followed"].startswith("100.0 (")
    assert rest[0]["form kept"].startswith("0.0 (0.0 to ")
    assert [row["language kept"][:5] for row in rest] == ["0.0 (", "100.0"]
    assert re.fullmatch(r"\d+(\.\d)? \(.* to .*\)", rest[1]["tokens"])
    assert [row["general quality, 0 to 10"] for row in rest] == ["3.2 (2.0 to 4.5)", "-"]
    assert "judged by judge@1, on 0 to 8 answers of each model." in text
    assert paper == [{"": "AIME", "Zero": "77.9", "Dev1": "-"}]


def test_the_whole_run_is_told_in_a_sentence_beside_the_base_at_its_best(tmp_path, evaluations):
    found = re.search(
        r"zero, strictly read and without worked examples, 100\.0 \(\S+ to 100\.0\), is ([\d.]+) times base at its best, leniently read, ([\d.]+) \(",
        reported(tmp_path, evaluations["evaluation"], shown=evaluations["shown"])[0],
    )
    assert found is not None
    assert float(found[1]) == pytest.approx(100 / float(found[2]), abs=0.02)
    assert "at its best" not in reported(tmp_path, evaluations["bare"])[0]


def test_the_constraints_are_no_part_of_what_is_right(tmp_path, evaluations):
    """Of 16 questions and 4 constraints, which the first stage never follows."""
    text, _ = reported(tmp_path, evaluations["evaluation"])
    assert "16 held-out questions (logic, math), the same after every stage, and 64 answers of each model" in text
    assert (
        "constraints followed" not in tables(reported(tmp_path, evaluations["shown"])[0])["Constraints, form, language, length, quality"][0]
    )


def test_what_is_not_there_is_left_out(tmp_path, evaluations):
    text, page = reported(tmp_path, evaluations["bare"], {"title": "bare"})
    assert list(tables(text)) == ["Right answers to reasoning questions", "Constraints, form, language, length, quality"]
    assert "more than" not in text
    assert "quality, 0" not in page


def test_a_judge_that_is_not_trusted_is_told_of_first(tmp_path, evaluations):
    text, page = reported(tmp_path, evaluations["bare"], trust=TRUST)
    sentence = "agreed with 30 of 60 planted pairs (50.0 %, 95 % interval 37.7 to 62.3 %), under the least of 65 %, so its verdicts are recorded and not used; a rubric of rules takes its place for filtering and preference."
    assert text.splitlines()[2] == f"**The judge a\\|judge\\<1>@01234567 {sentence}**"
    assert f"</h1>\n<p><strong>The judge a|judge&lt;1&gt;@01234567 {sentence}</strong></p>" in page
    assert text.count("planted") == 1


def test_a_trusted_judge_is_told_of_where_it_judged(tmp_path, evaluations):
    text, _ = reported(tmp_path, evaluations["bare"], trust={**TRUST, "agreement": 0.75, "low": 0.62, "high": 0.85, "trusted": True})
    assert "agreed with 45 of 60 planted pairs" in text.split("## Constraints")[1]
    assert "not used" not in text


def test_where_the_time_went(tmp_path, evaluations):
    text, page = reported(tmp_path, evaluations["bare"], took={"base": 30.4, "zero": 3 * 3600 + 29.6})
    assert list(tables(text)["Where the time went"][0].values()) == ["base", "0:00:30", "0.3 %"]
    assert [list(row.values()) for row in tables(text)["Where the time went"][1:]] == [
        ["zero", "3:00:30", "99.7 %"],
        ["all", "3:01:00", "100.0 %"],
    ]
    assert "<td>3:00:30</td>" in page


def test_the_page_is_one_file_and_says_what_its_figure_shows(tmp_path, evaluations):
    text, page = reported(tmp_path, evaluations["evaluation"])
    assert re.search(r'<figure role="img" aria-label="Curves over base, zero: [^"]+" title=', page)
    assert "![Curves over base, zero: " in text
    assert "<h1>a &lt;toy&gt;</h1>" in page
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r'(?:src|href|xlink:href)="(?!#)', page)
    for name in ("base", "zero"):
        assert f">{name}</text>" in page  # ticks


@pytest.mark.parametrize(
    ("label", "name"),
    [("cold_start-0a1b2c3d4e/run/model", "cold_start"), ("run/base-0a1b2c3d4e/model", "base"), ("mine-v2", "mine-v2"), ("zero", "zero")],
)
def test_a_stage_is_known_by_its_directory(label, name):
    assert named(label) == name


def test_what_rejection_sampling_got_out_of_each_model(tmp_path, evaluations):
    (script := tmp_path / "script.py").write_text(
        "def half(messages, index, seed):\n    return '\\\\boxed{2}' if index % 2 else 'I do not know.'\n"
    )
    (asked := tmp_path / "asked.jsonl").write_text('{"problem": "1 + 1?", "answer": "2", "verifier": "math"}\n')
    drawn = tmp_path / "drawn"
    api.generate(str(asked), drawn, model=f"{script}:half", engine="scripted", num_generations=4, num_correct=None, quiet=True)
    text, _ = reported(tmp_path, evaluations["bare"], {**CONFIG, "samplers": {"sampled_zero": "zero"}}, sampled_zero=drawn)
    (row,) = tables(text)["Rejection sampling, by the model that was sampled"]
    assert (row["stage"], row["answers"], row["accepted"]) == ("zero", "4", "50.0 (15.0 to 85.0)")
    assert float(row["tokens for an accepted one"]) == Dataset(drawn).stats["tokens_per_useful_trace"]
