"""The sandbox's promises beside holding programs in: refusal, its own failures, its end, and what crosses."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import sandbox
from curate.errors import NoSandbox, SandboxError
from curate.sandbox import choice, probes, runs, tiers
from curate.sandbox.inside import plain
from curate.sandbox.tiers import Tier
from tests import needs
from tests.sandbox import matrix, users

ADD = "def add(a, b): return a + b"
QUICK = sandbox.Limits(cpu_seconds=1, idle_seconds=1)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    yield
    sandbox.close()
    choice._chosen.cache_clear()


# -- choosing a tier


@needs.BUBBLEWRAP
def test_a_tier_that_holds_is_found() -> None:
    assert sandbox.tier().name == "namespaces"


@pytest.mark.parametrize(
    "tier", [pytest.param(Tier("namespaces"), marks=needs.BUBBLEWRAP), Tier("landlock"), Tier("landlock", 2), Tier("landlock", 1)]
)
def test_the_canary_gets_nowhere(tier: Tier) -> None:
    finding = probes.probe(tier)
    assert finding.holds, finding


def test_a_wrapper_that_confines_nothing_is_no_sandbox() -> None:
    finding = probes.probe(Tier("namespaces"), lambda tier: tiers.start(Tier("none")))
    assert not finding.holds
    assert "read a secret file" in finding.what


def _hide(monkeypatch: pytest.MonkeyPatch, *, landlock: bool) -> None:
    monkeypatch.setattr(tiers.shutil, "which", lambda *a, **k: None)
    if landlock:
        monkeypatch.setattr(probes.landlock, "abi", lambda: 0)


def test_without_bubblewrap_landlock_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    _hide(monkeypatch, landlock=False)
    choice._chosen.cache_clear()
    assert sandbox.tier().name == "landlock"
    assert sandbox.calls(ADD, "add", ["add(1, 2)"], QUICK).replies == [("value", "3")]


def test_where_user_namespaces_are_switched_off_landlock_is_used() -> None:
    script = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" -c 'from curate import sandbox; print(sandbox.tier().name); sandbox.close()'"
    environment = {**os.environ, "PYTHONPATH": str(users.ROOT)}
    run = subprocess.run(["unshare", "-Ur", "sh", "-c", script, sys.executable], env=environment, capture_output=True, text=True)
    assert run.stdout == "landlock\n", run.stderr


def test_with_neither_nothing_is_run_and_every_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _hide(monkeypatch, landlock=True)
    choice._chosen.cache_clear()
    before = matrix.processes()
    for run in (
        lambda: sandbox.script("print(1)", b"", QUICK),
        lambda: sandbox.calls(ADD, "add", ["add(1, 2)"], QUICK),
        lambda: sandbox.call("math:gcd", [1, 2]),
    ):
        with pytest.raises(NoSandbox) as error:
            run()
        assert all(
            word in str(error.value) for word in ("bubblewrap is not installed", "no Landlock", "install bubblewrap", "lsm=landlock")
        )
    assert matrix.processes() == before


def test_no_sandbox_is_a_choice_made_by_name_and_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    _hide(monkeypatch, landlock=True)
    monkeypatch.setenv(choice.UNSAFE, "0")
    choice._chosen.cache_clear()
    with pytest.raises(NoSandbox):
        sandbox.tier()
    sandbox.allow_unsafe()
    assert sandbox.tier().name == "none"
    assert sandbox.calls(ADD, "add", ["add(1, 2)"], QUICK).replies == [("value", "3")]
    assert sandbox.script("while True: pass", b"", QUICK).status


# -- the sandbox's own failures


def _server() -> Any:
    return runs.server(runs.Kind())


def test_a_dead_server_is_replaced() -> None:
    for _ in range(3):
        assert sandbox.script("print(1)", b"", QUICK).output == b"1\n"
        os.kill(_server().process.pid, signal.SIGKILL)


def test_a_server_that_dies_while_a_program_runs_costs_a_second_try_and_no_verdict() -> None:
    tries = []

    def run() -> bytes:
        program = runs.Program(_server(), {"way": "script", "source": "import time; time.sleep(0.3); print(1)"}, QUICK, stdin=b"")
        if not tries:
            os.kill(program.server.process.pid, signal.SIGKILL)
        tries.append(1)
        runs.watch([program], lambda _program, _line: None)
        return program.ending().output

    assert runs.twice(run) == b"1\n"
    assert len(tries) == 2


def test_a_program_that_is_killed_from_outside_is_not_at_fault() -> None:
    program = runs.Program(_server(), {"way": "script", "source": "while True: pass"}, sandbox.Limits(30, 30), stdin=b"")
    while program.pidfd < 0 or not program.confined:
        for fd in select.select(program.descriptors(), [], [])[0]:
            program.take(fd)
    signal.pidfd_send_signal(program.pidfd, signal.SIGKILL)
    runs.watch([program], lambda _program, _line: None)
    with pytest.raises(SandboxError, match="killed from outside"):
        program.ending()


@needs.BUBBLEWRAP
def test_a_sandbox_that_disappears_in_the_middle_of_a_run_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sandbox.script("print(1)", b"", QUICK).output == b"1\n"
    sandbox.close()
    monkeypatch.setattr(tiers.shutil, "which", lambda *a, **k: None)
    with pytest.raises(SandboxError, match="bubblewrap is not installed"):
        sandbox.script("print(1)", b"", QUICK)


SUPERVISOR = """
import os, sys
from curate import sandbox
from curate.sandbox import runs
from tests.sandbox.matrix import processes
sandbox.script("1", b"", sandbox.Limits())
program = runs.Program(runs.server(runs.Kind()), {"way": "script", "source": "while True: pass"}, sandbox.Limits(100, 100), stdin=b"")
while program.pidfd < 0:
    program.take(program.server.control.fileno())
print(*processes() - {os.getpid()}, flush=True)
runs.watch([program], print)
"""


@pytest.mark.parametrize("tier", [pytest.param("namespaces", marks=needs.BUBBLEWRAP), "landlock"])
def test_everything_dies_with_the_supervisor(tier: str) -> None:
    environment = {**os.environ, choice.ONLY: tier, "PYTHONPATH": str(users.ROOT)}
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR], env=environment, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pids = [int(p) for p in supervisor.stdout.readline().split()]
        assert len(pids) >= 2
        supervisor.kill()
    for _ in range(500):
        if not any(_lives(pid) for pid in pids):
            return
        time.sleep(0.01)
    pytest.fail(f"left over: {[p for p in pids if _lives(p)]}")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_processes_and_descriptors_stay_flat() -> None:
    sandbox.script("print(1)", b"", QUICK)  # whose successor is waiting by the time that it has ended
    before = len(matrix.processes()), len(os.listdir("/proc/self/fd"))
    for i in range(300):
        if i % 3:
            assert sandbox.calls(ADD, "add", ["add(1, 2)"], QUICK).replies == [("value", "3")]
        else:
            assert sandbox.script("import sys; sys.exit(3)", b"x" * 100, QUICK).status == 3 << 8
    assert (matrix.settled(before[0]), len(os.listdir("/proc/self/fd"))) == before


STUBBORN = "import os, time\nos._exit = lambda status: time.sleep(99)\ndef add(a, b): return a + b"


@pytest.mark.parametrize("tier", [pytest.param("namespaces", marks=needs.BUBBLEWRAP), "landlock"])
def test_a_program_that_has_said_all_and_stays_is_ended_by_the_server(tier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.ONLY, tier)
    before = matrix.processes()
    assert sandbox.calls(STUBBORN, "add", ["add(1, 2)"], QUICK).replies == [("value", "3")]
    assert matrix.processes() > before
    for _ in range(500):
        if matrix.processes() == before:
            break
        time.sleep(0.01)
    assert matrix.processes() == before
    for source in (STUBBORN, ADD, STUBBORN, ADD):  # the next program does not wait for it for long
        assert sandbox.calls(source, "add", ["add(1, 2)"], QUICK).replies == [("value", "3")]


def test_an_early_end_of_results_is_no_result() -> None:
    """What a program closes, copies or sends too much of changes nothing about what is missing."""
    for source in (
        "import os\nos.close(3)\ndef add(a, b): return 3",
        "import os\nos.dup(3); os.close(3)\ndef add(a, b): return 3",
        "import os\ndef add(a, b): os.close(3)",
    ):
        made = sandbox.calls(source, "add", ["add(1, 2)"], QUICK)
        assert made.replies == []
        assert made.ending is not None
    made = sandbox.calls("import os\nkept = os.dup(3)\ndef add(a, b): return 3", "add", ["add(1, 2)"], QUICK)
    assert made.replies == [("value", "3")]


def test_a_programs_cpu_time_is_its_own() -> None:
    """The warm-up of the process that it runs in, before it came, does not count."""
    used = [sandbox.script("", b"", QUICK).cpu_seconds for _ in range(10)]
    assert all(0 <= seconds < 1 for seconds in used)


# -- what crosses

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers() | st.text())
        | st.sets(st.integers())
    ),
    max_leaves=20,
)


@given(VALUES)
def test_plain_data_comes_back_as_it_was(value: Any) -> None:
    back = plain.read(plain.write(value))
    assert back == value
    assert repr(type(back)) == repr(type(value))


@given(st.text() | st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_is_read_is_plain_or_refused(text: str | bytes) -> None:
    try:
        value = plain.read(text)
    except plain.NotPlain:
        return
    assert type(value).__module__ in ("builtins", "collections")


class Child(int):
    """No plain data."""


@pytest.mark.parametrize(
    "value",
    [Child(1), object(), print, [object()], {Child(1): 1}, 1 << (1 << 23), [[]] * 2_000_000],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_does_not_leave(value: Any) -> None:
    with pytest.raises(plain.NotPlain):
        plain.write(value)


# -- trusted functions on hostile arguments


def test_a_function_is_called_and_its_result_comes_back() -> None:
    assert sandbox.call("math:gcd", [12, 18]) == 6
    assert sandbox.call("builtins:eval", ["{'a': [1, None, 2.5]}"]) == {"a": [1, None, 2.5]}


@pytest.mark.parametrize(
    ("argument", "kind", "words"),
    [
        ("1/0", "raised", "ZeroDivisionError"),
        ("9**9**9", "limit", "1 s of CPU time"),
        ("__import__('time').sleep(100)", "limit", "idle"),
        ("[0] * 10**10", "limit", "memory"),
        ("__import__('os')._exit(0)", "crash", "without a result"),
        ("__import__('socket').socket()", "raised", "PermissionError"),
        ("__import__('ctypes').string_at(0)", "crash", "SIGSEGV"),
        ("object()", "raised", "TypeError"),
    ],
)
def test_a_call_that_fails_says_how(argument: str, kind: str, words: str) -> None:
    with pytest.raises(sandbox.CallFailed, match=words) as error:
        sandbox.call("builtins:eval", [argument], limits=QUICK)
    assert error.value.kind == kind


def test_installed_packages_and_ours_are_seen_by_trusted_functions() -> None:
    assert sandbox.call("curate.verifiers.extraction:stated", [r"so \boxed{4}"]) == "4"


# -- test code in a second process


def test_test_code_calls_the_program_across_processes() -> None:
    source = "def take(items, k):\n    items.sort()\n    if k > len(items):\n        raise KeyError(k)\n    return items[:k]"
    part = (
        "for k in range(3):\n    items = [3, 1, 2]\n    assert take(items, k) == [1, 2, 3][:k]\n    assert items == [1, 2, 3]\n"
        "try:\n    take([], 1)\nexcept KeyError:\n    pass\nelse:\n    assert False"
    )
    assert sandbox.with_tests(source, [part, "assert take([2], 1) == [3]"], "take", QUICK).outcomes == [None, "AssertionError: "]
