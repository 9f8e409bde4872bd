"""The claim that stands for a lock where a store has none; a dictionary is the store."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from curate.errors import StoreError
from curate.lease import Lease


class Toy:
    """A store with one object. `on_write` is called after each write."""

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.on_write: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        self.data = data
        self.on_write()

    def delete(self) -> None:
        self.data = None

    def lease(self, note: Path, seconds: float = 60.0) -> Lease:
        return Lease(lambda: self.data, self.write, self.delete, note, "s3://bucket/run", seconds)

    def claim(self, seconds: float) -> None:
        self.data = json.dumps({"owner": "somebody", "host": "elsewhere", "until": time.time() + seconds}).encode()


def test_another_machine_is_refused_while_a_claim_holds(tmp_path: Path) -> None:
    toy = Toy()
    with toy.lease(tmp_path / "one"), pytest.raises(StoreError, match=r"its claim ends in \d+ seconds"):
        toy.lease(tmp_path / "two").__enter__()
    assert toy.data is None
    with toy.lease(tmp_path / "two") as lease:
        lease.check()


@pytest.mark.parametrize("data", [b"", b"no json", b"[]", b'{"owner": "x"}'])
def test_what_is_no_claim_holds_nobody_up(tmp_path: Path, data: bytes) -> None:
    toy = Toy()
    toy.data = data
    with toy.lease(tmp_path / "one") as lease:
        lease.check()


def test_a_claim_that_has_ended_is_taken(tmp_path: Path) -> None:
    toy = Toy()
    toy.claim(-1)
    with toy.lease(tmp_path / "one") as lease:
        lease.check()


def test_this_machine_goes_on_at_once_after_a_kill(tmp_path: Path) -> None:
    toy = Toy()
    with toy.lease(tmp_path / "one"):
        left = toy.data
    toy.data = left  # as a killed run leaves it
    with toy.lease(tmp_path / "one") as lease:
        lease.check()
    toy.data = left
    with pytest.raises(StoreError, match="another run"):
        toy.lease(tmp_path / "two").__enter__()


def test_of_two_that_begin_together_the_one_whose_claim_stands_goes_on(tmp_path: Path) -> None:
    toy = Toy()
    toy.on_write = lambda: toy.claim(60)
    with pytest.raises(StoreError, match="on elsewhere"):
        toy.lease(tmp_path / "one").__enter__()


def test_a_claim_is_renewed_and_its_loss_is_noticed(tmp_path: Path) -> None:
    toy = Toy()
    written = threading.Event()
    with toy.lease(tmp_path / "one", seconds=2.0) as lease:
        toy.on_write = written.set
        assert written.wait(30)
        lease.check()
        toy.on_write = lambda: None
        toy.claim(60)
        lease._thread.join(30)
        with pytest.raises(StoreError, match="has taken s3://bucket/run over"):
            lease.check()
    assert toy.data is not None  # it is the other's


def test_a_claim_that_cannot_be_renewed_ends(tmp_path: Path) -> None:
    toy = Toy()

    def fail() -> None:
        raise StoreError("away")

    with toy.lease(tmp_path / "one", seconds=0.0) as lease:
        toy.on_write = fail
        time.sleep(0.01)
        with pytest.raises(StoreError, match="could not be renewed"):
            lease.check()
