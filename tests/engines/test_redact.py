"""Keys never leave in a text."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.engines.redact import HIDDEN, RedactingFilter, hide, redact

KEY = "canary-7f3a9c1e55d2"


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"Incorrect key: {KEY}", KEY),
        ("Incorrect API key provided: canary-7****55d2. You can find it at", "canary-7"),
        ("headers={'Authorization': 'Bearer abc.def-ghi'}", "abc.def-ghi"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("{b'authorization': b'Bearer abcdefgh'}", "abcdefgh"),
        ("got Bearer abcdef123456 from you", "abcdef123456"),
        ("the key sk-proj-Ab12Cd34Ef56 is wrong", "Ab12Cd34Ef56"),
        ("token hf_AbCdEfGhIjKl expired", "AbCdEfGhIjKl"),
        ("http://user:secret@host/v1", "secret"),
        ("https://host/v1?api_key=secret&x=1", "secret"),
        ("https://host/v1?key=secret", "secret"),
        ('{"api-key": "secret"}', "secret"),
        ("x-api-key: secret", "secret"),
    ],
)
def test_keys_are_removed(text: str, gone: str) -> None:
    cleaned = redact(text, KEY)
    assert gone not in cleaned
    assert HIDDEN in cleaned


@pytest.mark.parametrize(
    "text",
    [
        "",
        "task-oriented",
        "the model's maximum context length is 2048 tokens",
        "http://127.0.0.1:8000/v1",
        "max_tokens=16384",
        "set OPENAI_API_KEY to a key",
        "API key is missing",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    assert redact(text, KEY) == text


def test_escaped_forms_of_the_key_are_removed() -> None:
    key = 'a"b/c d\\e+12345'
    for form in (key, 'a\\"b/c d\\\\e+12345', "a%22b%2Fc%20d%5Ce%2B12345"):
        assert form not in redact(f"<{form}>", key)


@given(st.text(), st.text(min_size=8, alphabet=st.characters(min_codepoint=33, max_codepoint=126)), st.text())
def test_no_key_survives(before: str, key: str, after: str) -> None:
    cleaned = redact(before + key + after, key)
    assert key not in cleaned or key in HIDDEN


def test_the_filter_cleans_log_records() -> None:
    record = logging.LogRecord("httpx2", logging.INFO, "f.py", 1, "sent %s to %s", (KEY, "http://u:p@h"), None)
    assert RedactingFilter(KEY).filter(record)
    assert KEY not in record.getMessage()
    assert "u:p" not in record.getMessage()


def test_placeholder_keys_leave_words_alone() -> None:
    assert hide("the list is EMPTY", "EMPTY") == "the list is EMPTY"
    assert hide(f"sk-learn and {KEY}", KEY) == f"sk-learn and {HIDDEN}"
