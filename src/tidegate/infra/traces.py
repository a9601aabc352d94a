"""Traces by OpenTelemetry, from a request to the ledger entries that it leads to.

They are made where the extra `tidegate[otel]` is installed and `OTEL_EXPORTER_OTLP_ENDPOINT` says where
they go; else every function here does nothing, and costs next to nothing. Spans hold the names of
steps, counts and the request id: no content, no ids of people or items.
"""

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

import structlog

log = structlog.get_logger()

Value = str | int | float | bool
Context = Any  # OpenTelemetry's own; its library need not be there

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_NOTHING = nullcontext()
_tracer: Any = None
_provider: Any = None


def configure_traces(role: str) -> None:
    """Begin to trace in this process, which does `role`, where that is wanted."""
    global _tracer, _provider
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces.not_installed", mend="pip install 'tidegate[otel]'")
        return
    named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "tidegate"), "tidegate.role": role}
    _provider = TracerProvider(resource=Resource.create(named))
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = _provider.get_tracer("tidegate")


def end_traces() -> None:
    """Send what is not yet sent."""
    if _provider is not None:
        _provider.shutdown()


def are_traced() -> bool:
    """Whether this process traces."""
    return _tracer is not None


def span(name: str, **attributes: Value) -> AbstractContextManager[Any]:
    """A step of what is under way in this thread or task."""
    if _tracer is None:
        return _NOTHING
    return _step(name, attributes=attributes)


@contextmanager
def _step(name: str, **given: Any) -> Generator[Any]:
    """A span that says of what went wrong in it only which type of error it was: the words of errors
    hold ids and content."""
    from opentelemetry.trace import StatusCode

    quiet = {"record_exception": False, "set_status_on_exception": False}
    with _tracer.start_as_current_span(name, **given, **quiet) as made:
        try:
            yield made
        except BaseException as error:
            made.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def here() -> Context | None:
    """What is under way, to be given to the thread that goes on with it."""
    if _tracer is None:
        return None
    from opentelemetry.context import get_current

    return get_current()


@contextmanager
def request_span(name: str, headers: Mapping[str, str], **attributes: Value) -> Generator[Any]:
    """The whole of a request: it goes on with its caller's trace where the headers name one."""
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    context = extract(headers)
    with _step(name, context=context, kind=SpanKind.SERVER, attributes=attributes) as made:
        yield made


def shared_span(
    name: str, contexts: Sequence[Context | None], **attributes: Value
) -> AbstractContextManager[Any]:
    """One step that several wait for together: it stands in the trace of each. What happens in it
    stands in the first one's, which the others point to."""
    if _tracer is None:
        return _NOTHING
    return _shared(name, contexts, attributes)


@contextmanager
def _shared(
    name: str, contexts: Sequence[Context | None], attributes: Mapping[str, Value]
) -> Generator[None]:
    from opentelemetry.trace import Link, get_current_span, use_span

    # The lines of a batch wait in one and the same span.
    waiting = {
        get_current_span(one).get_span_context().span_id: one for one in contexts if one is not None
    }
    with ExitStack() as stack:
        links: list[Link] = []
        for context in waiting.values():
            made = _tracer.start_span(name, context=context, links=links, attributes=attributes)
            stack.callback(made.end)
            if not links:
                links = [Link(made.get_span_context())]
                stack.enter_context(
                    use_span(made, record_exception=False, set_status_on_exception=False)
                )
        yield
