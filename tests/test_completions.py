"""The log of completions: nothing committed is lost, torn tails are cut off, damage costs what it hit and nothing else."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from curate import completions as log
from curate.completions import Completions, Record, read_all
from curate.records import Completion, digest


def key(number: int) -> tuple[str, str]:
    prompt = digest(number)
    return prompt, prompt[:16] + digest([number, "key"])


def record(number: int, text: str = "text") -> Record:
    return Record(key(number)[0], number, 0, Completion(f"{text} {number}", "stop", 3, 4, token_ids=(1, 2, 3), logprobs=(-0.5, -1.0, -2.0)))


def fill(directory: Path, numbers: range, text: str = "text") -> None:
    store = Completions(directory)
    for number in numbers:
        store.append(key(number)[1], record(number, text))
    store.close()


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    store = Completions(tmp_path)
    place = store.append(key(7)[1], record(7))
    assert store.read(place) == record(7)
    store.close()
    again = Completions(tmp_path)
    assert again.committed_before == 1
    found = again.recall(key(7)[0])
    assert {k: r for k, (_, r) in found.items()} == {key(7)[1]: record(7)}
    assert again.recall(key(8)[0]) == {}
    again.close()


def test_text_that_is_not_unicode_survives(tmp_path: Path) -> None:
    odd = Record(key(1)[0], 0, 0, Completion("half a pair \ud83d and \x00 and \u2028", "stop"))
    store = Completions(tmp_path)
    assert store.read(store.append(key(1)[1], odd)) == odd
    store.close()


@pytest.mark.parametrize("cut", [1, 17, 40, 60])
def test_torn_tail_is_cut_off_and_the_next_record_is_safe(tmp_path: Path, cut: int) -> None:
    fill(tmp_path, range(20))
    (path,) = tmp_path.glob("*.log")
    os.truncate(path, path.stat().st_size - cut)
    store = Completions(tmp_path)
    assert store.committed_before == 19
    store.append(key(50)[1], record(50))
    store.close()
    assert {r.sample_index for _, r in read_all(tmp_path)} == {*range(19), 50}


@pytest.mark.parametrize("index_too", [False, True])
def test_damage_in_the_middle_costs_one_record(tmp_path: Path, index_too: bool) -> None:
    fill(tmp_path, range(30), text="some text that is long enough to be hit " * 5)
    (path,) = tmp_path.glob("*.log")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    if index_too:
        path.with_suffix(".index").unlink()
    store = Completions(tmp_path)
    whole = [n for n in range(30) if store.recall(key(n)[0])]
    assert len(whole) == 29
    assert store.damaged == (0 if index_too else 1)
    store.close()


def test_garbage_is_not_a_record(tmp_path: Path) -> None:
    (tmp_path / "000000.log").write_bytes(os.urandom(5000) + log._MAGIC * 50)
    (tmp_path / "000001.log").write_bytes(b"")
    store = Completions(tmp_path)
    assert store.committed_before == 0
    store.append(key(1)[1], record(1))
    store.close()
    assert len(list(read_all(tmp_path))) == 1


def test_segments_roll_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SEGMENT_BYTES", 2000)
    store = Completions(tmp_path)
    places = [store.append(key(n)[1], record(n)) for n in range(200)]
    assert [store.read(p).sample_index for p in places] == list(range(200))
    store.close()
    assert len(list(tmp_path.glob("*.log"))) > 3
    again = Completions(tmp_path)
    assert all(list(again.recall(key(n)[0])) == [key(n)[1]] for n in range(200))
    again.close()


def test_two_writers_have_files_of_their_own(tmp_path: Path) -> None:
    one, two = Completions(tmp_path), Completions(tmp_path)
    one.append(key(1)[1], record(1))
    two.append(key(2)[1], record(2))
    two.append(key(1)[1], record(1))
    one.close()
    two.close()
    assert sorted(r.sample_index for _, r in read_all(tmp_path)) == [1, 2]


def test_flushed_records_survive_kill_9(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from curate.completions import Completions
        from tests.test_completions import key, record
        store = Completions(Path(sys.argv[1]))
        for number in range(10_000):
            store.append(key(number)[1], record(number))
            if number % 100 == 99:
                store.flush()
                print(number + 1, flush=True)
        """
    )
    root = Path(__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, cwd=root, text=True)
    assert process.stdout is not None
    promised = 0
    for line in process.stdout:
        promised = int(line)
        if promised >= 1000:
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    promised = max([promised, *(int(line) for line in process.stdout)])
    process.stdout.close()
    found = {r.sample_index for _, r in read_all(tmp_path)}
    assert set(range(promised)) <= found


def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import resource, signal, sys
        from pathlib import Path
        from curate.completions import Completions
        from curate.errors import StoreError
        from tests.test_completions import key, record
        store = Completions(Path(sys.argv[1]))
        store.append(key(1)[1], record(1))
        store.flush()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
        for act in (lambda: [store.append(key(n)[1], record(n)) for n in range(9)], store.flush, lambda: store.append(key(3)[1], record(3)), store.close):
            try:
                act()
            except StoreError as error:
                print(error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, cwd=Path(__file__).parents[1], text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"cannot write {tmp_path}") for line in lines)
    assert {r.sample_index for _, r in read_all(tmp_path)} >= {1}
