"""How the domain says no: one exception that the rim renders as RFC 9457 problem+json.

A refusal carries data, not prose to be parsed: a stable type, the fields at fault, what to do next.
"""

from collections.abc import Mapping, Sequence

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """One bad field: `pointer` is a JSON pointer (RFC 6901) into the body, or a parameter's name."""

    pointer: str
    expected: str
    got: str


class Refusal(Exception):
    """The request cannot be carried out, and nothing was written.

    `type` is a stable slug ("item-unknown"), `status` the HTTP status, `title` one line that is the
    same for every occurrence, `detail` what happened here and what to do next. Keyword arguments
    become members of the problem document.
    """

    def __init__(
        self,
        type: str,
        status: int,
        title: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail or title)
        self.type = type
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = extra

    def document(self) -> dict[str, object]:
        """The problem document of RFC 9457, ready for JSON."""
        document: dict[str, object] = {
            "type": f"/problems/{self.type}",
            "title": self.title,
            "status": self.status,
        }
        if self.detail:
            document["detail"] = self.detail
        if self.errors:
            document["errors"] = self.errors
        return document | self.extra


def bad_field(pointer: str, expected: str, got: str) -> Refusal:
    """A 422 for a single bad field."""
    return Refusal(
        "invalid-body",
        422,
        "The body is not what this route takes",
        f"{pointer or 'the body'}: expected {expected}, got {got}.",
        errors=[FieldError(pointer, expected, got)],
    )
