"""Whatever the OpenAPI document allows, and what it doesn't, never gets a 5xx.

TIDEGATE_FUZZ_EXAMPLES says how many examples an operation gets (`make fuzz`: 100).
"""

import os
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from tests.api import Api

EXAMPLES = int(os.environ.get("TIDEGATE_FUZZ_EXAMPLES", "5"))
PHASES = (Phase.explicit, Phase.generate) if EXAMPLES < 100 else tuple(Phase)


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx: Any, value: Any) -> bytes:
    """A batch's body: the generated text as it is."""
    return str(value).encode(errors="surrogatepass")


@pytest.fixture
def schema(api: Api) -> Any:
    """The document as the application serves it, with something behind ids that are easy to hit."""
    api.bank("0")
    api.entry("some known text", bank="0", confirmed=False)
    api.submit("0", text="some known text", media=[{"data": "bm9pc2U="}])
    api.post("/v1/items/0/holds", {"reason": "for the fuzzing"})
    return schemathesis.openapi.from_dict(api.client.get("/openapi.json").json())


def send(api: Api, case: Case) -> httpx.Response | None:
    """The case as a request in process; None for what no client could put on the wire."""
    kwargs = case.as_transport_kwargs(base_url="http://tidegate")
    kwargs["headers"] = dict(kwargs["headers"]) | {"Authorization": f"Bearer {api.admin}"}
    kwargs.pop("cookies", None)
    url, method = kwargs.pop("url"), kwargs.pop("method")
    if isinstance(kwargs.get("data"), (bytes, str)):
        kwargs["content"] = kwargs.pop("data")
    try:
        request = api.client.build_request(method, url, **kwargs)
        request.read()
    except (UnicodeError, AttributeError, TypeError, httpx.InvalidURL):
        return None
    return api.client.send(request)


def test_nothing_that_can_be_sent_is_answered_with_a_5xx(api: Api, schema: Any) -> None:
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 30
    answered = 0
    for operation in operations:
        strategy = st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=PHASES,
            suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
        )
        @given(case=strategy)
        def fuzz(case: Case) -> None:
            nonlocal answered
            answer = send(api, case)
            if answer is None:
                return
            answered += 1
            what = (case.method, case.formatted_path, case.query, case.body, answer.text[:500])
            assert answer.status_code < 500, what
            if answer.status_code >= 400:
                problem = answer.json()
                assert {"type", "title", "status"} <= set(problem), what
                assert problem["status"] == answer.status_code, what

        fuzz()
    assert answered > len(operations)
    assert api.get("/readyz").status_code == 200
