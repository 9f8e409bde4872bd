"""What holds for every test: one that could not run is counted in the last line, and in CI (CI=true) it is a failure.

A test that skips itself because something is missing looks like a passing one to whoever reads only the colour. Skips at collection (a missing package) count as one each; expected failures do not count.

Property tests have no deadline.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.s3 import Server

hypothesis.settings.register_profile(
    "ours", parent=hypothesis.settings(), deadline=None
)  # no test says how long a thing may take: machines are shared
hypothesis.settings.load_profile("ours")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Counter(config), "could-not-run")


class Counter:
    """Counts the skips of a session."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.skipped: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.add(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.skipped and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            n = len(self.skipped)
            reporter.write_line(f"{n} test{'' if n == 1 else 's'} could not run")


@pytest.fixture(scope="session")
def s3_server() -> "Iterator[Server]":
    """An S3 server on loopback, started once and ended with the session."""
    from tests import s3

    server = s3.start()
    yield server
    server.end()


@pytest.fixture
def s3(s3_server: "Server", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Iterator[Server]":
    """The server, in the environment of this test, with the cache of a machine that never saw it."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("curate.lease.SETTLE", 0.0)  # nobody else begins at the same moment
    yield s3_server
    s3_server.believe_keys(True)


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tensors as small as a toy's are worked out faster by one thread than by two, here and in processes that are started from here."""
    import torch

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
