"""Links that carry their own permission: what was signed is what is granted, and nothing else is."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gristmill.errors import NotAllowed
from gristmill.stores import signing
from services.folder import SECRET

_texts = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="/\\"), min_size=1, max_size=40)
_keys = st.lists(_texts.filter(lambda text: text not in (".", "..")), min_size=1, max_size=5).map("/".join)
_grants = st.builds(
    signing.Grant,
    method=st.sampled_from(["GET", "PUT"]),
    key=_keys,
    expires=st.integers(1, 1 << 40),
    token=st.none() | _texts,
    part=st.none() | st.integers(1, 10_000),
    size=st.none() | st.integers(0, 1 << 50),
    filename=st.none() | _texts,
)


@given(_grants)
def test_a_grant_survives_its_url(grant: signing.Grant) -> None:
    split = urlsplit(signing.sign(grant, door="http://127.0.0.1:1/", secret=SECRET))
    assert signing.verify(grant.method, split.path, split.query, secret=SECRET, now=grant.expires - 0.1) == grant
    with pytest.raises(NotAllowed, match="expired"):
        signing.verify(grant.method, split.path, split.query, secret=SECRET, now=grant.expires)
    with pytest.raises(NotAllowed, match="signature"):
        signing.verify(grant.method, split.path, split.query, secret=b"another secret", now=0)


@given(_grants, _grants)
def test_one_grant_s_signature_is_not_another_s(grant: signing.Grant, other: signing.Grant) -> None:
    split, another = (urlsplit(signing.sign(made, door="", secret=SECRET)) for made in (grant, other))
    signature = split.query.rpartition("=")[2]
    query = another.query.rpartition("=")[0] + "=" + signature
    if grant == other:
        assert signing.verify(other.method, another.path, query, secret=SECRET, now=0) == grant
    else:
        with pytest.raises(NotAllowed):
            signing.verify(other.method, another.path, query, secret=SECRET, now=0)


@given(st.text(), st.text())
def test_any_nonsense_is_refused_in_a_sentence(path: str, query: str) -> None:
    with pytest.raises(NotAllowed):
        signing.verify("GET", path, query, secret=SECRET, now=0)
