"""The progress line, on a false terminal and by a false clock."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.report.progress import Progress, duration


class Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def made(terminal: bool, *, quiet: bool = False, width: int = 200, total: int = 100) -> tuple[Progress, Stream, Clock]:
    stream, clock = Stream(terminal), Clock()
    return Progress(total, stream, quiet, clock=clock, width=lambda: width), stream, clock


def run(progress: Progress, clock: Clock, seconds: int, *, per_second: int = 10, step: float = 0.125) -> None:
    start = clock.now
    while clock.now < start + seconds - 1e-9:
        clock.now += step
        elapsed = clock.now - 1000.0
        progress.update(
            sampled=int(per_second * elapsed),
            output_tokens=int(100 * per_second * elapsed),
            accepted=int(per_second * elapsed / 4),
            prompts_done=int(elapsed / 2),
        )


def test_terminal_is_redrawn_at_most_five_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress, stream, clock = made(True)
    run(progress, clock, 10, step=0.01)
    assert 30 <= stream.getvalue().count("\r") <= 50
    assert "\n" not in stream.getvalue()
    progress.close()
    assert stream.getvalue().endswith("\n")


def test_plain_lines_every_half_minute_and_one_at_the_end() -> None:
    progress, stream, clock = made(False)
    run(progress, clock, 100)
    assert stream.getvalue().count("\n") == 3
    progress.close()
    progress.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 4
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    progress, stream, clock = made(True)
    run(progress, clock, 31)
    assert "\r" not in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_quiet_writes_nothing() -> None:
    progress, stream, clock = made(False, quiet=True)
    run(progress, clock, 100)
    progress.note("hello")
    progress.close()
    assert stream.getvalue() == ""


def test_what_the_line_says() -> None:
    progress, _, clock = made(False)
    run(progress, clock, 40)
    progress.update(wanted=200, in_flight=7, spent_usd=1.5)
    assert progress.line(clock.now) == (
        "accepted 100/200  prompts 20/100  yield 25.0 %  10.0 samples/s  1,000 tok/s  400 tok/useful  $1.50  7 in flight  ETA 2:40"
    )


def test_money_only_where_there_are_prices() -> None:
    progress, _, clock = made(False)
    assert "$" not in progress.line(clock.now)
    progress.update(spent_usd=0.0)
    assert "$0.00" in progress.line(clock.now)


def test_rates_are_of_the_last_minute() -> None:
    progress, _, clock = made(False, total=10**9)
    sampled = 0
    for seconds, rate in ((600, 1000), (90, 2)):
        for _ in range(seconds):
            clock.now += 1.0
            sampled += rate
            progress.update(sampled=sampled)
    assert "2 samples/s" in progress.line(clock.now)


def test_a_pause_is_seen() -> None:
    progress, _, clock = made(False)
    run(progress, clock, 60)
    clock.now += 600
    progress.update(in_flight=3)
    assert float(progress.line(clock.now).split(" samples/s")[0].rsplit(" ", 1)[1]) < 1.5


def test_reused_shards_change_neither_yield_nor_cost() -> None:
    progress, _, clock = made(False)
    progress.update(accepted=1010, reused_accepted=1000, sampled=40, output_tokens=4000)
    assert "yield 25.0 %" in progress.line(clock.now)
    assert "400 tok/useful" in progress.line(clock.now)


def test_nothing_known_is_a_dash() -> None:
    progress, _, clock = made(False)
    assert progress.line(clock.now) == "accepted 0  prompts 0/100  yield -  - samples/s  - tok/s  - tok/useful  ETA -"


@pytest.mark.parametrize("width", [20, 40, 80])
def test_terminal_line_never_wraps(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress, stream, clock = made(True, width=width)
    run(progress, clock, 5)
    for drawn in stream.getvalue().split("\r"):
        assert len(drawn.removesuffix("\x1b[K")) < width
    assert "ETA" in stream.getvalue()


def test_final_line_has_the_time_it_took() -> None:
    progress, stream, clock = made(False, total=20)
    run(progress, clock, 40)
    progress.close()
    assert stream.getvalue().splitlines()[-1].endswith("time 0:40")


def test_not_final_takes_the_line_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    progress, stream, clock = made(True)
    run(progress, clock, 2)
    progress.close(final=False)
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_note_is_harmless() -> None:
    progress, stream, _ = made(False)
    progress.note("server says \x1b[2J")
    assert stream.getvalue() == "server says \\x1b[2J\n"


class Gone(Stream):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_stream_that_goes_away_does_not_end_the_run() -> None:
    stream, clock = Gone(False), Clock()
    progress = Progress(100, stream, clock=clock)
    run(progress, clock, 100)
    progress.close()


@given(st.integers(0, 10**7))
def test_duration_reads_back(seconds: int) -> None:
    text = duration(seconds)
    days, _, clock = text.rpartition(" d ")
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part)
    assert total + 86400 * int(days or 0) == seconds
