"""The types of columns that hold content, people's words or personal data, or are compared in place
of them.

What is `Sealed` is stored, for now, as the type inside it stores it. That there is one such type is
what encryption will stand on: every value goes through `seal` on its way in and `unseal` on its way
out, a COPY's too, and SQL never looks inside, only whether there is something.
"""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import operators

_Process = Callable[[Any], Any]


def seal(value: Any) -> Any:
    """What is stored in place of a value that the driver could store: for now, itself."""
    return value


def unseal(stored: Any) -> Any:
    """The inverse of `seal`."""
    return stored


def one_of(column: sa.ColumnElement[Any], values: Iterable[object]) -> sa.ColumnElement[bool]:
    """The condition that a column has one of these values. They are one parameter, however many there are, so
    that the statement is written and planned once; of `in_` each is one."""
    return column == sa.any_(sa.cast(list(values), ARRAY(column.type)))


class Sealed(sa.types.TypeDecorator[Any]):
    """`Sealed(JSONB())`: a JSON value; `Sealed()`: a text."""

    impl = sa.Text
    cache_ok = True

    class Comparator(sa.types.TypeDecorator.Comparator[Any]):
        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            if op not in (operators.is_, operators.is_not):
                raise TypeError(
                    f"{self.expr} is sealed: SQL sees whether it is there, not what it says. Compare"
                    " in Python, or by a digest of infra/digests.py."
                )
            return super().operate(op, *other, **kwargs)

    comparator_factory = Comparator  # pyright: ignore[reportAssignmentType]

    def __init__(self, impl: sa.types.TypeEngine[Any] | None = None) -> None:
        super().__init__()
        if impl is not None:
            self.impl = impl

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        encode: _Process | None = self._inner(dialect).bind_processor(dialect)

        def process(value: Any) -> Any:
            return seal(value if encode is None else encode(value))

        return process

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        decode: _Process | None = self._inner(dialect).result_processor(dialect, coltype)

        def process(stored: Any) -> Any:
            value = unseal(stored)
            return value if decode is None else decode(value)

        return process

    def _inner(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return self.load_dialect_impl(dialect).dialect_impl(dialect)


class Keyed(sa.types.TypeDecorator[bytes]):
    """A digest that `infra/digests.py` made for this purpose: content is compared by it."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose


def plain(because: str) -> dict[str, str]:
    """For a column's `info`: why a column that sounds like somebody's words is not sealed."""
    return {"plain": because}
