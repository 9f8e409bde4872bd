"""Licences as sources state them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import UsageError
from curate.filters.base import Trace
from curate.filters.licence import build, normal

SAME = [
    ("apache-2.0", "Apache 2.0", "Apache License, Version 2.0", "Apache-2", "apache2", "The Apache License 2.0", "Apache Software License v2.0", "apache"),
    ("mit", "MIT License", "The MIT license", "MIT Licence"),
    ("cc-by-4.0", "CC BY 4.0", "Creative Commons Attribution 4.0 International", "https://creativecommons.org/licenses/by/4.0/", "http://creativecommons.org/licenses/by/4.0/legalcode", "cc_by_4.0"),
    ("cc-by-nc-sa-4.0", "Creative Commons Attribution-NonCommercial-ShareAlike 4.0", "CC BY-NC-SA 4.0"),
    ("cc-by-nd-4.0", "Creative Commons Attribution-NoDerivatives 4.0 International"),
    ("cc0-1.0", "CC0", "CC0 1.0 Universal", "cc-zero", "https://creativecommons.org/publicdomain/zero/1.0/"),
    ("gpl-3.0", "GPLv3", "GPL-3.0-only", "GNU General Public License v3.0", "gpl-3.0-or-later"),
    ("agpl-3.0", "GNU Affero General Public License v3"),
    ("bsd-3-clause", "BSD 3-Clause", "BSD-3-Clause License"),
    ("odc-by", "ODC-By 1.0", "Open Data Commons Attribution License"),
]  # fmt: skip


@pytest.mark.parametrize("names", SAME)
def test_spellings_of_one_licence_are_one(names: tuple[str, ...]) -> None:
    assert len({normal(name) for name in names}) == 1


def test_different_licences_stay_different() -> None:
    assert len({normal(names[0]) for names in SAME}) == len(SAME)
    assert normal("cc-by-3.0") != normal("cc-by-4.0")
    assert normal("bsd-2-clause") != normal("bsd-3-clause")
    assert normal("llama3.1") != normal("llama3.3")


@pytest.mark.parametrize(
    ("stated", "reasons"),
    [
        ("Apache-2.0", ()), ("MIT", ()), ("cc-by-4.0", ()), ("MIT OR GPL-3.0", ()), ("MIT/Apache-2.0", ()), ("MIT AND CC-BY-4.0", ()), ("['mit', 'apache-2.0']", ()), ("public domain", ()),
        ("cc-by-nc-4.0", ("licence_not_allowed",)), ("GPL-3.0", ("licence_not_allowed",)), ("MIT AND CC-BY-NC-4.0", ("licence_not_allowed",)), ("mit, cc-by-nc-4.0", ("licence_not_allowed",)),
        ("llama3.3", ("licence_not_allowed",)), ("cc-by-sa-4.0", ("licence_not_allowed",)), ("other AND gpl-3.0", ("licence_not_allowed",)), ("gpl-3.0-or-later", ("licence_not_allowed",)),
    ],
)  # fmt: skip
def test_what_is_allowed_passes(stated: str, reasons: tuple[str, ...]) -> None:
    found = build().look(Trace("Hi", "Hello", license=stated))
    assert found.reasons == reasons
    assert found.metrics == {"licence_unknown": 0}


@pytest.mark.parametrize("stated", [None, "", " ", "unknown", "Other", "N/A", "none", "mit and unknown"])
def test_an_unknown_licence_is_counted_and_dropped_only_where_asked(stated: str | None) -> None:
    trace = Trace("Hi", "Hello", license=stated)
    assert build().look(trace) == ({"licence_unknown": 1}, ())
    assert build(unknown="drop").look(trace) == ({"licence_unknown": 1}, ("licence_unknown",))


def test_an_allow_list_is_in_the_identity() -> None:
    assert build(["MIT", "apache 2.0"]).settings == {"allow": ["apache-2", "mit"], "unknown": "keep"}
    assert build(["GPLv3"]).look(Trace("Hi", "Hello", license="gpl-3.0")).reasons == ()
    assert build(["GPLv3"]).look(Trace("Hi", "Hello", license="MIT")).reasons == ("licence_not_allowed",)


@pytest.mark.parametrize("wrong", [{"allow": "MIT"}, {"allow": ["MIT", "unknown"]}, {"allow": [""]}, {"unknown": "maybe"}])
def test_a_list_that_cannot_be_meant_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        build(**wrong)  # type: ignore[arg-type]


@given(st.text())
def test_any_text_can_be_looked_at(stated: str) -> None:
    build().look(Trace("", "", license=stated))
