"""A verb of the asynchronous client."""

from collections.abc import Awaitable, Callable
from typing import Generic, ParamSpec, Protocol, TypeVar

from tidegate.client.call import Call

P = ParamSpec("P")
T = TypeVar("T")


class Sends(Protocol):
    """What makes calls."""

    async def send(self, call: Call[T]) -> T: ...


class Verb(Generic[P, T]):
    """A function of `calls` as a coroutine method that makes the call."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __get__(self, client: Sends, owner: object = None) -> Callable[P, Awaitable[T]]:
        async def verb(*args: P.args, **kwargs: P.kwargs) -> T:
            return await client.send(self._build(*args, **kwargs))

        verb.__doc__ = self.__doc__
        return verb
