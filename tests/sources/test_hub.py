"""Data sets on the hub, with the hub played by functions."""

from collections.abc import Iterator
from typing import Any

import pytest

from curate.errors import CurateError, SourceError, UsageError
from curate.sources import SourceOptions
from curate.sources.hub import Hub, explained

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = [{"question": f"q{i}", "answer": f"{i}", "level": i} for i in range(10)]


class Table(list[dict[str, Any]]):
    """Rows with declared columns, as a streamed data set has them."""

    def __init__(self, rows: list[dict[str, Any]], features: Any = None) -> None:
        super().__init__(rows)
        self.features = features


class Features:
    """Declared columns."""

    def __init__(self) -> None:
        import pyarrow as pa

        self.arrow_schema = pa.schema({"question": pa.string(), "answer": pa.string(), "level": pa.int64()})


def hub(spec: str, data: Any, options: SourceOptions | None = None, *, asked: list[Any] | None = None) -> Hub:
    asked = [] if asked is None else asked

    def resolve(name: str, revision: str | None) -> str:
        asked.append(("resolve", name, revision))
        return COMMIT

    def load(name: str, config: str | None, split: str | None, commit: str) -> Any:
        asked.append(("load", name, config, split, commit))
        if isinstance(data, Exception):
            raise data
        return data

    return Hub(spec, options or SourceOptions(verifier="math"), resolve, load)


def test_the_revision_is_resolved_once_and_the_commit_is_what_is_loaded() -> None:
    asked: list[Any] = []
    source = hub("openai/gsm8k?config=main&split=train&revision=v1", Table(ROWS), asked=asked)
    prompts = list(source)
    source.fingerprint()
    assert asked == [("resolve", "openai/gsm8k", "v1"), ("load", "openai/gsm8k", "main", "train", COMMIT)]
    assert [p.gold for p in prompts] == [str(i) for i in range(10)]
    assert {(p.source, p.source_revision) for p in prompts} == {("openai/gsm8k:main:train", COMMIT)}


def test_a_commit_needs_no_look_up_and_options_stand_in_for_the_query() -> None:
    asked: list[Any] = []
    source = hub("a/b", Table(ROWS), SourceOptions(verifier="math", config="c", split="s", revision=COMMIT), asked=asked)
    assert len(list(source)) == 10
    assert asked == [("load", "a/b", "c", "s", COMMIT)]


@pytest.mark.parametrize(("splits", "taken"), [(["train", "test"], "train"), (["only"], "only"), (["validation", "test"], None)])
def test_without_a_split_train_or_the_only_one_is_read(splits: list[str], taken: str | None) -> None:
    source = hub("a/b", {s: Table([{"question": s, "answer": "1"}]) for s in splits})
    if taken is None:
        with pytest.raises(UsageError, match=r"several splits \(validation, test\): name one with --split"):
            list(source)
    else:
        assert [p.messages[0].content for p in source] == [taken]


def test_where_needs_declared_columns() -> None:
    options = SourceOptions(verifier="math", where="level > 7")
    assert [p.gold for p in hub("a/b", Table(ROWS, Features()), options)] == ["8", "9"]
    with pytest.raises(UsageError, match="--where cannot be applied"):
        list(hub("a/b", Table(ROWS), options))


def test_limit_reads_no_further() -> None:
    def endless() -> Iterator[dict[str, Any]]:
        for i in range(10_000):
            if i > 200:
                raise AssertionError("read too far")
            yield {"question": str(i), "answer": "1"}

    class Stream:
        features = None

        def __iter__(self) -> Iterator[dict[str, Any]]:
            return endless()

    assert len(list(hub("a/b", Stream(), SourceOptions(verifier="math", limit=5)))) == 5


def test_an_error_in_the_middle_is_a_sentence() -> None:
    class Broken:
        features = None

        def __iter__(self) -> Iterator[dict[str, Any]]:
            yield ROWS[0]
            raise ConnectionError("gone\nand more")

    with pytest.raises(SourceError, match=r"cannot be reached for a/b \(gone\)"):
        list(hub("a/b", Broken()))


def named(name: str, base: type[Exception], text: str) -> Exception:
    return type(name, (base,), {})(text)


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (
            named("GatedRepoError", OSError, "401"),
            SourceError,
            "gated: accept its terms at https://huggingface.co/datasets/a/b, and set HF_TOKEN",
        ),
        (named("DatasetNotFoundError", FileNotFoundError, "Dataset 'a/b' is a gated dataset on the Hub."), SourceError, "gated"),
        (named("RepositoryNotFoundError", OSError, "404"), UsageError, "no data set a/b .* HF_TOKEN"),
        (named("DatasetNotFoundError", FileNotFoundError, "doesn't exist"), UsageError, "no data set a/b"),
        (named("RevisionNotFoundError", OSError, "404"), UsageError, "no revision 'v9'"),
        (named("OfflineModeIsEnabled", ConnectionError, "offline mode is enabled"), SourceError, "HF_HUB_OFFLINE is set"),
        (named("TransportError", Exception, "Name or service not known"), SourceError, "cannot be reached"),
        (
            RuntimeError("Dataset scripts are no longer supported, but found b.py"),
            SourceError,
            "loading script, which is a stranger's code",
        ),
        (
            ValueError("Config name is missing.\nPlease pick one among ['main', 'socratic']"),
            UsageError,
            "Config name is missing. Please pick",
        ),
        (KeyError("x"), SourceError, "cannot be read"),
    ],
)
def test_what_the_hub_says_is_one_sentence(error: Exception, kind: type[CurateError], sentence: str) -> None:
    found = explained(error, "a/b", "v9")
    assert type(found) is kind
    with pytest.raises(kind, match=sentence):
        list(hub("a/b?revision=v9", error))
    assert "\n" not in str(found)


def test_a_query_that_is_not_known_is_refused() -> None:
    with pytest.raises(UsageError, match="subset: it is OWNER/NAME"):
        hub("a/b?subset=x", [])


def test_the_real_hub_offline_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceError, match="HF_HUB_OFFLINE is set"):
        Hub("openai/gsm8k", SourceOptions()).fingerprint()
