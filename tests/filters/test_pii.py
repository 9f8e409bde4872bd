"""Private data, and what only looks like it. Keys are written in two pieces, so that scanners of repositories keep quiet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.filters.base import Trace
from curate.filters.pii import FILTER, finds, luhn

FOUND = [
    ("email", "Write to jane.miller@gmail.com for more."),
    ("email", "联系我zhang.wei@qq.com谢谢"),
    ("email", "Пишите на ivan_petrov@mail.ru."),
    ("email", "(maria+news@uni-wien.ac.at)"),
    ("email", "mailto:o'neil@company.co.uk"),
    ("email", "Die Rechnung geht an j.oberhuber (at) gmx.de"),
    ("email", "margit[at]nordlys.no"),
    ("phone", "Call +1 (212) 867-5309 now"),
    ("phone", "Her number is 212-867-5309."),
    ("phone", "(415) 867-5309"),
    ("phone", "Reach us at +49 30 901820 or later"),
    ("phone", "WhatsApp: +86 138 1234 5678"),
    ("phone", "手机：13812345678"),
    ("phone", "Телефон: 8 495 123-45-67"),
    ("phone", "téléphone 06 12 34 56 78"),
    ("phone", "電話番号は 03-1234-5678 です"),
    ("phone", "Mein Handy: 0171 2345678"),
    ("phone", "+4915112345678"),
    ("phone", "هاتف: 0501234567"),
    ("phone", "Der Hausmeister ist unter 0176 48213907 zu erreichen"),
    ("phone", "Appelez Sandrine au 06 47 81 29 53"),
    ("phone", "Llame a Manolo, el encargado: 639 48 27 15"),
    ("phone", "번호는 010-7264-9183입니다"),
    ("phone", "numarası 0532 718 46 29"),
    ("phone", "手机号是13867142590，一般上午十点到"),
    ("phone", "Il suo cellulare è 347 8812 906"),
    ("card", "银行卡：6222 0212 3456 7890 128"),
    ("card", "카드를 9410-2377-5108-6649"),
    ("key", "_authToken=npm_Qw7ErTy9UiOpAs3DfGhJkL5ZxCvBn1M2b4Nc"),
    ("key", "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"),
    ("key", "bot 7281940365:AAHqZ2mKvTxWnYpLb8HdGcJf9EsAoUi6XtR"),
    ("key", "git clone https://ghp_4Kd9sLq0ZxT7vBn2MwRy8EuHcJf6GpAoXi35@github.com/a/b.git"),
    ("card", "Pay with 4539 7260 8154 3912."),
    ("card", "5424-1837-0965-2136"),
    ("card", "3787 246820 59133"),
    ("card", "My card number is 4916740528396175"),
    ("card", "卡号：6011293850274619"),
    ("card", "карта 4485617302948556"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "IBAN GB29NWBK60161331926819 please"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
    ("iban", "Konto NL91 ABNA 0417 1643 00 BITTE"),
    ("key", "key = 'sk-proj-abcd1234efgh5678ijkl9012'"),
    ("key", "AKIAQ3VZ7NKX2LWTJ5RB"),
    ("key", "token ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
    ("key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE"),
    ("key", "AIzaSyA1234567890abcdefghijklmnopqrstuv"),
    ("key", "hf_abcdefghij1234567890ABCDEFGHIJKLmn"),
]
NOTHING = [
    "Write to alice@example.com or bob@mail.example.org, or root@localhost.",
    "admin@site.test, a@b.invalid",
    "git clone git@github.com:someone/project.git",
    "@property\n@functools.lru_cache\nA@B.T and x@w.shape",
    "Call 555-0123 or (212) 555-0142 or +1-212-555-0199.",
    "jean@example.fr, anna@mail.example.co.uk",
    "postgres://admin:Gr8nPf27xQ@db.internal:5432/shop",
    "01 99 00 12 34 et +44 1632 960123",
    "4242 4242 4242 4242",
    "For tests: 4111 1111 1111 1111, 5555-5555-5555-4444 or 3782 822463 10005, card number 4012888888881881.",
    "AKIAIOSFODNN7EXAMPLE and sk-proj-example1234example5678",
    "They met (at) noon, and someone (at) example.com wrote.",
    "05-12-2024 10 01, 05 06 07 08 09",
    "London: +44 20 7946 0958",
    "100-200-3000 = -3100 and 500-200-1000 = -700",
    "x = 12 +44 207 946 095",
    "The number is 1234567890123456 and its square is 1524157875323881726870921383936.",
    "4111 1111 1111 1112",
    "1234 5678 9012 3456 7890",
    "2^{64} = 18446744073709551616, 4012888888881881 is a number",
    "2, 3, 5, 7, 11, 13, 17, 19, 23 and 01 02 03 04 05 06",
    "The result is +12.3456789012 volts.",
    "ISBN 978-3-16-148410-0, DOI 10.1000/182, arXiv 2501.12948, 2024-01-15 10:30:00",
    "DE89 3704 0044 0532 0130 01",
    "AB12 CDEF 3456 7890",
    "risk-adjusted-return-on-capital-of-2024-and-later, task-1234567890abcdefghijklmnop",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "-----BEGIN PUBLIC KEY-----",
    "I call 1000000 a million, and telescopes of 3000 mm",
    "f(x) = 212 - 867 - 5309",
    "他说：13812345678 是一个质数吗？",
    "Population: 331 449 281; area 9 833 520 km²",
    "π = 3.14159265358979323846264338327950288",
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_private_data_is_found_in_either_part(kind: str, text: str) -> None:
    for trace in (Trace("Who?", text, "Hmm."), Trace("Who?", "Somebody.", text)):
        found = FILTER.look(trace)
        assert found.reasons == (f"pii_{kind}",)
        assert found.metrics[f"pii_{kind}"] == 1


@pytest.mark.parametrize("text", NOTHING)
def test_examples_fiction_and_numbers_are_none(text: str) -> None:
    assert not any(finds(text).values())


@pytest.mark.parametrize(("kind", "text"), FOUND)
def test_what_the_question_has_is_counted_apart(kind: str, text: str) -> None:
    found = FILTER.look(Trace(text, text, text))
    assert found.reasons == ()
    assert found.metrics["pii_in_question"] == 1


@pytest.mark.parametrize("domain", ["math", "logic", "stem", "code"])
def test_groups_of_digits_are_numbers_in_a_task_with_numbers(domain: str) -> None:
    text = "The terms are 06 47 81 29 53 and 0176 48213907."
    assert FILTER.look(Trace("", text, domain=domain)).reasons == ()
    assert FILTER.look(Trace("", text, domain="general")).reasons == ("pii_phone",)


def test_the_same_number_in_another_form_is_one() -> None:
    assert FILTER.look(Trace("", "Call +1 212-867-5309", "Their number: (212) 867-5309")).metrics["pii_phone"] == 1


@pytest.mark.parametrize(("digits", "right"), [("4111111111111111", True), ("79927398713", True), ("79927398710", False), ("0", True)])
def test_luhn(digits: str, right: bool) -> None:
    assert luhn(digits) == right


@given(st.text(), st.sampled_from([text for _, text in FOUND] + NOTHING), st.text())
def test_any_text_can_be_looked_at(before: str, middle: str, question: str) -> None:
    found = FILTER.look(Trace(question, before + middle, middle + before))
    assert all(isinstance(value, int) and value >= 0 for value in found.metrics.values())
