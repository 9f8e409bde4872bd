"""`curate check` as a command: exact output and exit codes."""

from pathlib import Path

import pytest

from curate.cli import run
from tests.report import toy


def test_a_whole_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = toy.samples_directory(tmp_path / "set", shards=2)
    size = sum(p.stat().st_size for p in root.rglob("*.parquet"))
    assert run(["check", str(root)]) == 0
    assert capsys.readouterr().out == f"{root}: whole (2 shards, 6 files, 60 rows, {size:,} bytes)\n"


def test_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = toy.samples_directory(tmp_path / "set")
    gone = next((root / "kept").glob("*.parquet"))
    gone.unlink()
    assert run(["check", str(root)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"problem: shard 00000000-ffffffff, kept/{gone.name}: is missing; the same command")
    assert "not whole, 1 problem (" in out


def test_not_a_dataset_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"error: {tmp_path} is not a dataset directory of r1-curate: it has no config.json of one\n"


def test_another_schema_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = toy.samples_directory(tmp_path / "set")
    (root / "config.json").write_text((root / "config.json").read_text().replace('"schema_version": 3', '"schema_version": 9'))
    assert run(["check", str(root)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_names_cannot_act_on_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = toy.samples_directory(tmp_path / "set")
    (root / "kept" / "\x1b[2Jevil.parquet").write_text("")
    assert run(["check", str(root)]) == 0
    assert "\x1b" not in capsys.readouterr().out
