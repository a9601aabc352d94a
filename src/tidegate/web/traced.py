"""The span of a request, around everything else. Its name has no ids in it."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidegate.infra.traces import are_traced, request_span


def traced(app: ASGIApp) -> ASGIApp:
    """The app with a span around each request; the app itself where nothing is traced."""
    if not are_traced():
        return app

    async def with_span(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        method = scope["method"]
        with request_span(
            method, dict(Headers(scope=scope)), **{"http.request.method": method}
        ) as span:

            async def send_seen(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    route = getattr(scope.get("route"), "path", None)
                    span.set_attribute("http.response.status_code", status)
                    if route is not None:
                        span.update_name(f"{method} {route}")
                        span.set_attribute("http.route", route)
                    for name, value in message["headers"]:
                        if name == b"x-request-id":
                            span.set_attribute("tidegate.request_id", value.decode())
                await send(message)

            await app(scope, receive, send_seen)

    return with_span
