"""Ctrl-C on a real terminal and SIGTERM: a clean stop, exit code 3, and the same command goes on."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from curate.completions import read_all
from tests import models

ROOT = Path(__file__).parents[2]
START = "import sys; from curate.cli import main; sys.exit(main())"
SCRIPT = "from tests.models import adder\ndef slow(m, i, s):\n    return {'text': adder(m, i, s), 'latency': SECONDS if int(m[-1]['content'].split()[2]) >= 20 else 0.0}\n"


def command(tmp_path: Path, seconds: float) -> list[str]:
    (tmp_path / "slow.py").write_text(SCRIPT.replace("SECONDS", str(seconds)))
    source = models.write_sums(tmp_path / "sums.jsonl", 24)
    model = f"{tmp_path / 'slow.py'}:slow"
    options = [
        "--engine",
        "scripted",
        "--model",
        model,
        "--map",
        "messages=problem,gold=answer",
        "--verifier",
        "math",
        "-n",
        "2",
        "--max-concurrent",
        "64",
    ]
    return [sys.executable, "-c", START, "generate", str(source), "-o", str(tmp_path / "out"), *options]


def wait_for_completions(out: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while not (out / "completions").exists() or len(list(read_all(out / "completions"))) < count:
        assert time.monotonic() < deadline, "the run did not begin"
        time.sleep(0.1)


def test_ctrl_c_on_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(tmp_path, 600.0), stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True, preexec_fn=_take_terminal
    )
    os.close(theirs)
    wait_for_completions(tmp_path / "out", 20)
    os.write(ours, b"\x03")
    shown = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            block = os.read(ours, 65536)
        except OSError:  # the terminal's other end was closed: the program has ended
            break
        if not block:
            break
        shown += block
    os.close(ours)
    assert process.wait(30) == 3
    text = shown.decode()
    assert "the same command goes on" in text
    assert "Traceback" not in text
    assert len(list(read_all(tmp_path / "out" / "completions"))) >= 20


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the new session's controlling terminal: what ^C is sent to


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_cleanly_and_the_same_command_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(command(tmp_path, 8.0), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True)
    wait_for_completions(tmp_path / "out", 20)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "the same command goes on" in error
    assert "Traceback" not in error
    before = len(list(read_all(tmp_path / "out" / "completions")))
    again = subprocess.run(command(tmp_path, 8.0), capture_output=True, cwd=ROOT, text=True)
    assert again.returncode == 0, again.stderr
    assert f"{before:,} answered from the log" in again.stdout
