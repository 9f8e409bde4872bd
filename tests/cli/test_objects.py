"""The commands with addresses in place of paths: what they print, and their exit codes."""

from pathlib import Path

import pytest

from curate.cli import run
from tests import models
from tests.s3 import KEY, SECRET, Server

OPTIONS = ["--engine", "scripted", "--model", "tests.models:adder", "-n", "1", "--quiet"]


def test_prompts_generate_check_and_inspect(s3: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bucket = s3.bucket()
    query = f"?endpoint_override=127.0.0.1:{s3.port}&scheme=http"
    source = str(models.write_sums(tmp_path / "sums.jsonl", 6))
    assert run(["prompts", source, "-o", f"{bucket}/prompts{query}", "--verifier", "none"]) == 0
    assert f"6 prompts in {bucket}/prompts\n" in capsys.readouterr().out
    assert run(["generate", f"{bucket}/prompts", "-o", f"{bucket}/run{query}", *OPTIONS]) == 0
    assert f"dataset: {bucket}/run\n" in capsys.readouterr().out
    assert run(["check", f"{bucket}/run{query}"]) == 0
    assert f"{bucket}/run: whole (1 shards, 3 files," in capsys.readouterr().out
    assert run(["inspect", f"{bucket}/run", "--where", "completion_tokens > 0", "--sample", "1"]) == 0
    assert f"{bucket}/run" in capsys.readouterr().out
    assert run(["generate", source, "-o", f"{bucket}/prompts", "--verifier", "none", *OPTIONS]) == 1
    assert f"error: {bucket}/prompts holds prompts, not samples" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("s3:/bucket/run", 2, "error: s3:/bucket/run lacks a slash: give s3://bucket/run"),
        ("ftp://host/run", 2, "error: addresses that begin with ftp:// are not supported"),
        ("hf://datasets/a/b", 2, "error: addresses that begin with hf:// are not supported"),
        ("s3://no-such-bucket/run", (1, 2), "error: s3://no-such-bucket/run"),
        (f"s3://{KEY}:wrong-secret@no-such-bucket/a b", 2, "error: s3://no-such-bucket/a b is no address that can be used"),
    ],
)
@pytest.mark.parametrize("command", ["generate", "prompts", "check", "inspect"])
def test_an_address_that_leads_nowhere_is_one_sentence(
    s3: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    address: str,
    code: object,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    source = str(models.write_sums(tmp_path / "sums.jsonl", 2))
    given = (
        [source, "-o", address, "--verifier", "none", *(OPTIONS if command == "generate" else [])]
        if command in ("generate", "prompts")
        else [address]
    )
    assert run([command, *given]) in (code if isinstance(code, tuple) else (code,))
    told = capsys.readouterr().err
    assert told.startswith(said)
    assert told.count("\n") == 1
    assert not any(secret in told for secret in (KEY, SECRET, "wrong-secret"))
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "cache") == ["sums.jsonl"]  # no directory named s3:
