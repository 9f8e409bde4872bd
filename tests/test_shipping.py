"""The log of a run on its way to a store and back: pieces while it grows, one object when it is done, and the longer of two copies."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from curate.completions import Completions, Record, read_all
from curate.errors import StoreError
from curate.objects import ObjectPlace
from curate.records import Completion
from curate.shipping import Shipping, shipping_of
from curate.storage import at
from tests.s3 import Server


@contextmanager
def run(address: str) -> Iterator[tuple[ObjectPlace, Shipping]]:
    """The log of a run that this process holds, as it is when a run begins."""
    place = at(address)
    assert isinstance(place, ObjectPlace)
    with place.held():
        shipping = shipping_of(place)
        assert shipping is not None
        yield place, shipping


def record(number: int) -> tuple[str, Record]:
    return f"{number:048x}", Record(f"{number:032x}", 0, 0, Completion(f"text {number}" * 20, "stop"))


def known(place: ObjectPlace) -> list[str]:
    return sorted(r.completion.text.partition("text ")[2].partition("text")[0] for _, r in read_all(place.scratch / "completions"))


def test_what_is_committed_goes_up_in_pieces_and_then_whole(s3: Server, tmp_path: Path) -> None:
    out = f"{s3.bucket()}/run"
    with run(out) as (place, shipping):
        store = Completions(place.scratch / "completions", tag="-aaaa")
        shipping.start(store, lambda error: None)
        for number in range(3):
            store.append(*record(number))
            store.flush()
            shipping._ship()
        shipping._ship()
        names = list(place.sizes("completions"))
        assert [n.rpartition(".")[0] for n in names] == ["000000-aaaa.log"] * 3
        os.rename(tmp_path / "cache", tmp_path / "first")  # another machine, while this one is cut off
        with pytest.raises(StoreError, match="another run"), run(out):
            pass
        other = at(out)
        assert isinstance(other, ObjectPlace)
        Shipping(other).fetch()
        assert known(other) == ["0", "1", "2"]
        shutil.rmtree(tmp_path / "cache")
        os.rename(tmp_path / "first", tmp_path / "cache")
        store.append(*record(3))
        store.close()
        shipping.close()
        assert list(place.sizes("completions")) == ["000000-aaaa.index", "000000-aaaa.log"]
    shutil.rmtree(tmp_path / "cache")
    with run(out) as (place, _):
        assert known(place) == ["0", "1", "2", "3"]
        again = Completions(place.scratch / "completions", tag="-bbbb")
        assert again.committed_before == 4
        assert record(2)[0] in again.recall(record(2)[1].prompt_id)
        again.close()


def test_two_machines_that_take_turns_lose_nothing(s3: Server, tmp_path: Path) -> None:
    """The first is killed with a tail that was not shipped; the second goes on without it; the first comes back."""
    out = f"{s3.bucket()}/run"
    cache, first = tmp_path / "cache", tmp_path / "first"
    with run(out) as (place, shipping):
        store = Completions(place.scratch / "completions", tag="-aaaa")
        shipping.start(store, lambda error: None)
        store.append(*record(0))
        store.flush()
        shipping._ship()
        store.append(*record(1))
        store.close()  # and nothing is shipped
        shipping._ending.set()
    os.rename(cache, first)
    with run(out) as (place, shipping):
        assert known(place) == ["0"]
        store = Completions(place.scratch / "completions", tag="-bbbb")
        store.append(*record(2))
        store.close()
        shipping.close()
        assert sorted(n for n in place.sizes("completions") if n.endswith(".log")) == ["000000-aaaa.log", "000001-bbbb.log"]
    shutil.rmtree(cache)
    os.rename(first, cache)
    with run(out) as (place, shipping):
        assert known(place) == ["0", "1", "2"]
        shipping.close()
    shutil.rmtree(cache)
    with run(out) as (place, _):
        assert known(place) == ["0", "1", "2"]


def test_a_gap_between_pieces_ends_what_is_fetched(s3: Server, tmp_path: Path) -> None:
    out = f"{s3.bucket()}/run"
    with run(out) as (place, shipping):
        store = Completions(place.scratch / "completions", tag="-aaaa")
        shipping.start(store, lambda error: None)
        for number in range(4):
            store.append(*record(number))
            store.flush()
            shipping._ship()
        store.close()
        shipping._ending.set()
        place.delete(f"completions/{list(place.sizes('completions'))[2]}")
    shutil.rmtree(tmp_path / "cache")
    with run(out) as (place, _):
        assert known(place) == ["0", "1"]


def test_a_failed_upload_is_told_once(s3: Server, tmp_path: Path) -> None:
    told: list[StoreError] = []
    with run(f"{s3.bucket()}/run") as (place, shipping):
        store = Completions(place.scratch / "completions", tag="-aaaa")
        store.append(*record(0))
        store.flush()
        s3.believe_keys(False)
        shipping._store, shipping._on_failure = store, told.append
        shipping._ending.wait = lambda timeout=None: False  # type: ignore[method-assign]  # no need to wait for the time to come
        shipping._ship_forever()
        store.close()
        with pytest.raises(StoreError, match="access is denied"):
            shipping.close()
        s3.believe_keys(True)
        shipping.close()
        assert list(place.sizes("completions")) == ["000000-aaaa.index", "000000-aaaa.log"]
    assert [str(e).partition(":")[0] for e in told] == ["s3"]
