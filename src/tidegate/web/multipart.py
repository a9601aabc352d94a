"""Multipart forms, within limits: parsed as they come, by python-multipart."""

from email.message import Message

import msgspec
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser
from starlette.requests import Request

from tidegate.infra.errors import Refusal
from tidegate.web.body import chunks

MAX_PARTS = 64


class File(msgspec.Struct, frozen=True):
    """One file part."""

    name: str
    filename: str
    content_type: str | None
    data: bytes


class Form(msgspec.Struct, frozen=True):
    """The parts in their order: text fields, and files (parts with a file name)."""

    fields: list[tuple[str, str]]
    files: list[File]


def is_multipart(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith("multipart/form-data")


def bad_form(detail: str) -> Refusal:
    return Refusal("invalid-form", 400, "The body is not the form it says it is", detail)


class _Reader:
    """Collects the parser's callbacks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.form = Form([], [])
        self.finished = False
        self._headers = Message()
        self._name = self._value = b""
        self._data = bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self.begin,
            "on_part_data": self.data,
            "on_part_end": self.end,
            "on_header_field": self.field,
            "on_header_value": self.value,
            "on_header_end": self.header,
            "on_end": self.done,
        }

    def begin(self) -> None:
        if len(self.form.fields) + len(self.form.files) >= self._most:
            raise bad_form(f"More than {self._most} parts.")
        self._headers = Message()
        self._data = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        self._data.extend(data[start:end])

    def field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        if len(self._name) > 1024:
            raise bad_form("A part's header is too long.")

    def value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        if len(self._value) > 8192:
            raise bad_form("A part's header is too long.")

    def header(self) -> None:
        try:
            self._headers[self._name.decode("ascii")] = self._value.decode()
        except (UnicodeDecodeError, ValueError):
            raise bad_form("A part's header is not text.") from None
        self._name = self._value = b""

    def end(self) -> None:
        name = self._headers.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise bad_form("A part has no name.")
        filename = self._headers.get_filename()
        if filename is None:
            try:
                self.form.fields.append((name, self._data.decode()))
            except UnicodeDecodeError:
                raise bad_form(f"The part {name[:60]!r} is not UTF-8.") from None
        else:
            kind = self._headers.get_content_type() if "content-type" in self._headers else None
            self.form.files.append(File(name, filename[:255], kind, bytes(self._data)))

    def done(self) -> None:
        self.finished = True


async def read_form(request: Request, limit: int, most: int = MAX_PARTS) -> Form:
    """The request's form. Raises Refusal: 400 for what is no form, or has more than `most` parts, 413 over
    `limit` bytes."""
    header = Message()
    header["content-type"] = request.headers["content-type"]
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= 200:
        raise bad_form("The Content-Type names no usable boundary.")
    reader = _Reader(most)
    try:
        parser = MultipartParser(boundary.encode(), reader.callbacks())  # pyright: ignore[reportArgumentType]
        async for chunk in chunks(request, limit):
            parser.write(chunk)
        parser.finalize()
    except MultipartParseError as error:
        raise bad_form(str(error)) from error
    if not reader.finished:
        raise bad_form("It ends before its closing boundary.")
    return reader.form
