"""The pool of verifier processes: every case gets its verdict, whatever it does to the process that works on it."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import CurateError, UsageError
from curate.records import Answer, Verdict, make_prompt
from curate.verifiers.pool import Limits, VerifierPool
from curate.verifiers.process import environment
from curate.verifiers.worker import _checked

TOY = f"{Path(__file__).with_name('toy_verifiers.py')}:verify"
PROMPT = make_prompt("q", verifier=TOY, gold="42")
SMALL = Limits(cpu_seconds=0.2, wall_seconds=0.2, memory_bytes=256 << 20)  # ten times: 2 s, 2 s, 2.5 GiB at most


def ask(text):
    return Answer(text, None, text, "stop")


def run(*texts, workers=2, limits=SMALL, name=TOY):
    """Verdicts and statistics for answers that are all asked at once."""

    async def go():
        async with VerifierPool(workers, limits) as pool:
            verdicts = await asyncio.gather(*(pool.verify(name, ask(t), PROMPT) for t in texts))
            return verdicts, pool.statistics

    return asyncio.run(go())


def children():
    """Worker processes of this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status, command = (entry / "stat").read_text(), (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if status.rpartition(")")[2].split()[1] == str(os.getpid()) and b"curate.verifiers.worker" in command:
                found.append(int(entry.name))
    return found


def test_verdicts_come_back_to_their_callers():
    verdicts, statistics = run(*(["42", "43"] * 100))
    assert [v.status for v in verdicts] == ["correct", "wrong"] * 100
    assert {(v.verifier, v.verifier_version) for v in verdicts} == {(TOY, "toy")}
    assert (statistics.verdicts, statistics.retried) == (200, 0)


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("spin 1000", "verifier_timeout", "2 s of CPU time"),
        ("sleep 1000", "verifier_timeout", "2 s, and not working"),
        ("bomb", "verifier_crash", "MemoryError"),
        ("hoard", "verifier_crash", "MemoryError"),
        ("segfault", "verifier_crash", "SIGSEGV"),
        ("exit", "verifier_crash", "SystemExit"),
        ("vanish", "verifier_crash", "exit status 0"),
        ("raise something", "verifier_crash", "ValueError: something (toy_verifiers.py:"),
        ("recurse", "verifier_crash", "RecursionError"),
        ("scribble", "verifier_crash", "nonsense"),
        ("none", "verifier_crash", "NoneType"),
        ("nan", "verifier_crash", "finite"),
    ],
)
def test_a_case_that_breaks_its_process_is_named_after_a_second_try_and_costs_no_other(text, status, reason):
    verdicts, statistics = run("42", "43", text, *["42"] * 60)
    assert (verdicts[2].status, verdicts[2].score, verdicts[2].verifier) == (status, None, TOY)
    assert reason in verdicts[2].reason
    assert [v.status for i, v in enumerate(verdicts) if i != 2] == ["correct", "wrong", *["correct"] * 60]
    assert (statistics.retried, statistics.timeouts + statistics.crashes) == (1, 1)
    assert children() == []


def test_a_case_that_needs_more_than_the_limit_is_judged_in_the_second_try():
    verdicts, statistics = run("spin 0.5", "sleep 0.8")
    assert [v.status for v in verdicts] == ["wrong", "wrong"]
    assert (statistics.retried, statistics.timeouts) == (2, 0)


def test_a_verifier_that_waits_for_a_process_at_work_is_not_taken_for_a_sleeping_one():
    verdicts, statistics = run("wait 4", "42", "sleep 0.5", limits=Limits(cpu_seconds=0.2, wall_seconds=1.5))
    assert [v.status for v in verdicts] == ["wrong", "correct", "wrong"]
    assert (statistics.retried, statistics.timeouts) == (0, 0)


def test_prints_do_not_reach_the_protocol():
    verdicts, statistics = run(*(["print", "42"] * 20))
    assert [v.status for v in verdicts] == ["wrong", "correct"] * 20
    assert statistics.retried == 0


def test_what_a_verifier_starts_dies_with_its_process():
    async def go():
        async with VerifierPool(1) as pool:
            worker = int((await pool.verify(TOY, ask("getpid"), PROMPT)).reason)
            await pool.verify(TOY, ask("fork"), PROMPT)
            return worker

    worker = asyncio.run(go())
    for _ in range(200):  # the orphan is reaped by init
        groups = [p for p in Path("/proc").iterdir() if p.name.isdigit() and _group(p) == worker]
        if not groups:
            return
        time.sleep(0.01)
    pytest.fail(f"left over: {groups}")


def _group(process):
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[2])


def test_ten_thousand_at_once():
    verdicts, statistics = run(*["42"] * 10_000, limits=Limits())
    assert {v.status for v in verdicts} == {"correct"}
    assert (statistics.verdicts, statistics.timeouts, statistics.retried) == (10_000, 0, 0)


def test_large_texts():
    texts = ["echo " + chr(97 + i) * 3_000_000 + "\ud800\n\x00" for i in range(4)]
    verdicts, _ = run(*texts)
    assert [v.extracted for v in verdicts] == [t[:20_000] for t in texts]


def test_one_process_first_and_more_when_cases_wait():
    async def go():
        async with VerifierPool(3) as pool:
            assert children() == []
            for _ in range(50):
                await pool.verify(TOY, ask("42"), PROMPT)
            one = pool.statistics.started
            await asyncio.gather(*(pool.verify(TOY, ask("sleep 0.5"), PROMPT) for _ in range(9)))
            return one, pool.statistics.started

    assert asyncio.run(go()) == (1, 3)


def test_cases_taken_back_from_a_process_that_had_not_begun_are_judged_once():
    async def go():
        async with VerifierPool(1, Limits()) as pool:
            await asyncio.gather(*(pool.verify(TOY, ask("42"), PROMPT) for _ in range(200)))  # quick: more are sent ahead from now on
            for _ in range(5):
                (worker,) = children()
                os.kill(worker, signal.SIGSTOP)
                verdicts = [asyncio.create_task(pool.verify(TOY, ask(t), PROMPT)) for t in ("42", "43", "sleep 0.15", "42", "43", "42")]
                await asyncio.sleep(0.5)  # all but the first are taken back meanwhile
                os.kill(worker, signal.SIGCONT)
                assert [v.status for v in await asyncio.gather(*verdicts)] == ["correct", "wrong", "wrong", "correct", "wrong", "correct"]
            return pool.statistics

    statistics = asyncio.run(go())
    assert (statistics.verdicts, statistics.retried) == (230, 0)


def test_killed_at_random_moments_nothing_is_lost():
    async def go():
        rng = random.Random(0)
        async with VerifierPool(2, Limits()) as pool:
            killed = 0

            async def kill():
                nonlocal killed
                seen = 0
                while True:
                    await asyncio.sleep(rng.uniform(0.3, 0.6))
                    if pool.statistics.verdicts == seen:  # on a busy machine a process may not even have started
                        continue
                    seen = pool.statistics.verdicts
                    for pid in children()[:1]:
                        os.kill(pid, signal.SIGKILL)
                        killed += 1

            killer = asyncio.create_task(kill())
            texts = [t for i in range(250) for t in ("42", f"spin 0.0{i % 2}")]
            verdicts = await asyncio.gather(*(pool.verify(TOY, ask(t), PROMPT) for t in texts))
            killer.cancel()
            return texts, verdicts, killed

    texts, verdicts, killed = asyncio.run(go())
    assert killed > 0
    assert [v.status for v in verdicts] == ["correct" if t == "42" else "wrong" for t in texts]


def test_a_busy_machine_does_not_change_a_verdict():
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * len(os.sched_getaffinity(0)))]
    try:
        verdicts, statistics = run(*["spin 0.3"] * 6, limits=Limits(cpu_seconds=0.6, wall_seconds=0.1))
    finally:
        for b in burners:
            b.kill()
            b.wait()
    assert [v.status for v in verdicts] == ["wrong"] * 6
    assert statistics.timeouts == 0


def test_the_same_verdicts_twenty_times_in_any_order():
    cases = [
        ("math", "\\frac{3}{6}", "\\boxed{1/2}"),
        ("math", "x^2-1", "\\boxed{(x-1)(x+1)}"),
        ("choice", "B", "The answer is (B)."),
        ("format", None, "<think>a</think>"),
    ]

    async def go():
        rng = random.Random(1)
        seen = {}
        for repeat in range(4):
            async with VerifierPool(1 + repeat % 2) as pool:
                batch = [c for c in cases for _ in range(5)]
                rng.shuffle(batch)
                verdicts = await asyncio.gather(*(pool.verify(n, ask(t), make_prompt("q", verifier=n, gold=g)) for n, g, t in batch))
                for case, verdict in zip(batch, verdicts, strict=True):
                    seen.setdefault(case, set()).add(verdict)
        return seen

    seen = asyncio.run(go())
    assert [len(v) for v in seen.values()] == [1] * len(cases)
    assert sorted(v.status for verdicts in seen.values() for v in verdicts) == ["correct", "correct", "correct", "no_answer"]


def test_cancelling_a_caller_harms_no_other():
    async def go():
        async with VerifierPool(1, SMALL) as pool:
            tasks = [asyncio.create_task(pool.verify(TOY, ask(t), PROMPT)) for t in ["spin 0.1", "42", "spin 1000", "42"] * 2]
            await asyncio.sleep(0.3)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            again = await pool.verify(TOY, ask("42"), PROMPT)
            return results, again

    results, again = asyncio.run(go())
    assert {r.status for r in results[1::2]} == {"correct"}
    assert again.status == "correct"
    assert children() == []


def test_closing_answers_everybody_and_leaves_no_process():
    async def go():
        pool = VerifierPool(2)
        async with pool:
            tasks = [asyncio.create_task(pool.verify(TOY, ask("sleep 100"), PROMPT)) for _ in range(5)]
            await asyncio.sleep(0.5)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(CurateError):
            await pool.verify(TOY, ask("42"), PROMPT)
        return results

    assert all(isinstance(r, CurateError) for r in asyncio.run(go()))
    assert children() == []


def test_descriptors_stay_flat_over_many_restarts():
    async def go():
        async with VerifierPool(1, SMALL) as pool:
            await pool.verify(TOY, ask("42"), PROMPT)
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(8):
                await pool.verify(TOY, ask("vanish"), PROMPT)
            await pool.verify(TOY, ask("42"), PROMPT)
            return before, len(os.listdir("/proc/self/fd")), pool.statistics.started

    before, after, started = asyncio.run(go())
    assert after == before
    assert started == 17


@pytest.mark.parametrize("name", ["nope", "no.such.module:verify", "no_such_file.py:verify", f"{TOY}_not", "math:verify"])
def test_a_verifier_that_cannot_be_loaded_is_the_callers_mistake(name):
    with pytest.raises(UsageError):
        run("42", name=name)


def test_a_verifier_whose_file_is_broken_is_the_callers_mistake(tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_like_that")
    with pytest.raises(UsageError, match=r"broken.*cannot be loaded: ModuleNotFoundError"):
        run("42", name=f"{tmp_path}/broken.py:verify")


def test_verifiers_of_the_user_are_found_where_the_parent_finds_them(tmp_path, monkeypatch):
    body = "from curate.records import Verdict\ndef verify(answer, prompt): return Verdict('correct', 1.0)\n"
    (tmp_path / "mine.py").write_text(body)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    for name in ("mine.py:verify", "mine:verify"):
        [verdict], _ = run("42", name=name)
        assert (verdict.status, verdict.verifier) == ("correct", name)
        assert verdict.verifier_version


def test_workers_see_no_secrets(monkeypatch):
    secrets = ("OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "github_token")
    for name in secrets:
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("HARMLESS", "yes")
    verdicts, _ = run(*(f"environ {n}" for n in (*secrets, "HARMLESS", "PYTHONHASHSEED")))
    assert [v.reason for v in verdicts] == ["absent"] * len(secrets) + ["yes", "0"]
    assert "canary" not in environment().values()


def test_workers_end_with_their_parent():
    script = f"""
import asyncio
from curate.records import Answer, make_prompt
from curate.verifiers.pool import VerifierPool
async def go():
    async with VerifierPool(1) as pool:
        print((await pool.verify({TOY!r}, Answer("getpid", None, "", "stop"), make_prompt("q"))).reason, flush=True)
        await pool.verify({TOY!r}, Answer("spin 1000", None, "", "stop"), make_prompt("q"))
asyncio.run(go())
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(500):
        if _group(Path(f"/proc/{worker}")) is None:
            return
        time.sleep(0.01)
    pytest.fail("the worker outlived its parent")


@given(
    st.sampled_from(["correct", "wrong", "no_answer", "unparsable_gold", "unverifiable", "verifier_timeout", "odd"]),
    st.none() | st.floats() | st.integers(0, 1),
)
def test_a_verdict_has_a_score_exactly_where_it_judges(status, score):
    judged = status in {"correct", "wrong", "no_answer"}
    finite = score is not None and abs(score) < float("inf")
    try:
        checked = _checked(Verdict(status, score), "toy", "1")
    except ValueError:
        assert status == "odd" or judged != finite or (score is not None and not finite)
    else:
        assert judged == (checked[1] is not None)
        assert checked[0] == status
