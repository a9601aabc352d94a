"""Where a request comes from, and whose word for it counts."""

from collections.abc import Generator
from contextlib import contextmanager

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.web.visitor import Visitor

from tidegate.infra.networks import read_network
from tidegate.pipeline.instance import Instance
from tidegate.web.address import address_of
from tidegate.web.app import create_app

TRUSTED = [read_network(text) for text in ("10.0.0.0/8", "2001:db8:1::/48", "::ffff:192.0.2.0/120")]
OURS = st.sampled_from(["10.0.0.1", "10.255.255.255", "2001:db8:1::7", "192.0.2.9"])
OTHERS = st.sampled_from(["11.0.0.1", "203.0.113.5", "2001:db8:2::1", "::1", "192.0.3.1"])
GARBAGE = st.sampled_from(
    [
        "unknown",
        "_hidden",
        "1.2.3",
        "1.2.3.4.5",
        "[::1",
        "[::1]x",
        "1.2.3.4:port",
        "1.2.3.4:123456",
        "010.0.0.1",
        "é",
        ":::",
        "::1]",
        "10.0.0.1%eth0",
        '"10.0.0.1"',
        "10.0.0.0/8",
        "10.0.0.1 x",
    ]
)


def seen(peer: str | None, *forwarded: str) -> str:
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    client = None if peer is None else (peer, 4711)
    return address_of({"type": "http", "client": client, "headers": headers}, TRUSTED)


@st.composite
def written(draw: st.DrawFn, address: str) -> str:
    """The address in one of the ways in which proxies write it."""
    if ":" in address:
        form = draw(st.sampled_from(["{}", "[{}]", "[{}]:443", "{}%eth0", " {} "]))
    else:
        form = draw(st.sampled_from(["{}", "{}:443", "::ffff:{}", "[::ffff:{}]:1", "\t{}"]))
    return form.format(address)


@st.composite
def chains(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """Header lines, and what stands in them from left to right: (of which sort, address)."""
    sorts = st.one_of(
        st.tuples(st.just("ours"), OURS),
        st.tuples(st.just("other"), OTHERS),
        st.tuples(st.just("garbage"), GARBAGE),
        st.tuples(st.just("empty"), st.just("")),
    )
    entries = draw(st.lists(sorts, max_size=6))
    texts = [
        text if sort in ("garbage", "empty") else draw(written(text)) for sort, text in entries
    ]
    cuts = sorted(draw(st.sets(st.integers(0, len(texts)), max_size=2)))
    bounds = list(zip([0, *cuts], [*cuts, len(texts)], strict=True))
    return [",".join(texts[start:end]) for start, end in bounds], entries


@given(peer=st.tuples(st.booleans(), OURS, OTHERS), chain=chains())
def test_the_rightmost_that_is_no_proxy_of_ours(
    peer: tuple[bool, str, str], chain: tuple[list[str], list[tuple[str, str]]]
) -> None:
    is_ours, ours, other = peer
    lines, entries = chain
    expected = ours if is_ours else other
    if is_ours:
        told = [(sort, address) for sort, address in entries if sort != "empty"]
        while told:
            sort, address = told.pop()
            if sort == "garbage":
                break
            expected = address
            if sort == "other":
                break
    assert seen(ours if is_ours else other, *lines) == expected


def test_a_peer_that_is_no_address_is_taken_as_it_is() -> None:
    assert seen(None, "1.2.3.4") == "unknown"
    assert seen("testclient", "1.2.3.4") == "testclient"
    assert seen("::ffff:203.0.113.5") == "203.0.113.5"


@contextmanager
def behind(instance: Instance, proxies: list[str]) -> Generator[TestClient]:
    """The application as somebody reaches it who is called 10.0.0.1."""
    instance.settings = msgspec.structs.replace(instance.settings, trusted_proxies=proxies)
    app = create_app(instance)
    with TestClient(
        app, base_url="http://tidegate", follow_redirects=False, client=("10.0.0.1", 1)
    ) as client:
        yield client


@pytest.mark.parametrize("proxies", [[], ["10.0.0.0/8"]])
def test_failed_sign_ins_count_for_the_client_behind_a_proxy(
    instance: Instance, proxies: list[str]
) -> None:
    """Twenty are free for each address; a stranger's header changes nothing about whose they are."""
    with behind(instance, proxies) as client:
        person = Visitor(instance, client, "reviewer")

        def attempt(email: str, address: str) -> int:
            token = client.get("/sign-in").text.split('name="token" value="')[1].split('"')[0]
            form = {"token": token, "email": email, "password": "wrong horse battery"}
            headers = {"X-Forwarded-For": f"192.0.2.77, {address}"}
            return client.post("/sign-in", data=form, headers=headers).status_code

        for number in range(21):
            assert attempt(f"nobody-{number}@example.org", "203.0.113.5") == 401
        assert attempt("somebody@example.org", "203.0.113.5") == 429
        assert attempt(person.email, "203.0.113.6") == (401 if proxies else 429)
