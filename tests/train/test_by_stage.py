"""The report stage by stage, from an evaluation's numbers."""

import json

from curate.stage import Task
from train.by_stage import measured, named, stage


def model(label: str, right: float, **domains: float) -> dict:
    def group(share: float | None) -> dict:
        passes = {"pass@1": {"value": share, "low": None if share is None else share - 0.1, "high": None if share is None else share + 0.1}}
        return {"strict": passes, "lenient": passes, "format": {"value": 1.0}, "language": {"value": None}, "tokens": {"value": 12.4}}

    return {"label": label, "overall": group(right), "domains": {name: group(share) for name, share in domains.items()}}


REPORT = {"models": [model("base-0123456789/run/model", 0.25, math=0.5, logic=0.0), model("zero-abcdef0123/run/model", 0.75, math=1.0)]}


def test_a_row_for_each_model_with_what_was_not_measured_left_open():
    heads, rows = measured(REPORT)
    assert heads == ["stage", "right (95 %)", "lenient", "logic", "math", "form kept", "language", "tokens"]
    assert rows == [
        ["base", "25.0 % (15.0 % to 35.0 %)", "25.0 %", "0.0 %", "50.0 %", "100.0 %", "-", "12"],
        ["zero", "75.0 % (65.0 % to 85.0 %)", "75.0 %", "-", "100.0 %", "100.0 %", "-", "12"],
    ]


def test_the_report_is_written_in_three_forms_with_the_papers_table_beside(tmp_path):
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "eval.json").write_text(json.dumps(REPORT))
    config = {"title": "a <toy>", "paper": [["AIME", 77.9, 59.0]], "paper_models": ["Zero", "Dev1"], "paper_source": "Table 3"}
    stage(Task({"evaluation": tmp_path / "evaluation"}, config, {}, tmp_path, {"report": tmp_path / "report"}))
    text, page = ((tmp_path / "report" / name).read_text() for name in ("report.md", "report.html"))
    assert "| zero | 75.0 % (65.0 % to 85.0 %) |" in text
    assert "| AIME | 77.9 | 59.0 |" in text
    assert "<h1>a &lt;toy&gt;</h1>" in page
    assert "<svg" in page
    assert "<td>AIME</td><td>77.9</td>" in page
    assert (tmp_path / "report" / "stages.png").read_bytes().startswith(b"\x89PNG")


def test_a_stage_is_known_by_its_directory():
    assert [named(label) for label in ("cold_start-0a1b2c3d4e/run/model", "mine")] == ["cold_start", "mine"]
