"""A form that is refused says what is wrong, at the top and at the field, and keeps what was typed: every form of
every page, with each of its fields left empty. So the browser stops none of them before."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from tests.api import Api
from tests.web.test_pseudo import NO_PAGES, Desk
from tests.web.visitor import Visitor

from tidegate.web import pages

TEMPLATES = sorted((Path(pages.__file__).parent.parent / "templates").glob("*.html"))
TYPED = ("text", "email", "password", "number", "search")
# What they leave behind would take the page away that the others are on.
SECRET = ("password", "again", "old", "code", "username")
LEAVING = ("/sign-out", "/me/close-day", "/release", "/skip", "/cases/next", "/delete")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_browser_stops_a_form_before_we_say_what_is_wrong(template: Path) -> None:
    forms = re.findall(r"<form\b[^>]*", template.read_text())
    stopped = [one for one in forms if 'method="post"' in one and " novalidate" not in one]
    assert stopped == []


class Form:
    """A form that posts: where to, what it sends by itself, and the fields that somebody types in."""

    def __init__(self, action: str, multipart: bool) -> None:
        self.action, self.multipart = action, multipart
        self.given: dict[str, str] = {}
        self.typed: list[str] = []
        self.needed: list[str] = []
        self.ids: set[str] = set()


class _Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._in: Form | None = None
        self._select = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if self._in is not None:
            self._in.ids.add(has.get("id", ""))
        if tag == "form":
            multipart = has.get("enctype", "").startswith("multipart")
            self._in = Form(has.get("action", ""), multipart)
            if has.get("method") == "post":
                self.found.append(self._in)
        elif self._in is not None and tag == "option":
            self._in.given.setdefault(self._select, has.get("value", ""))
        elif self._in is not None and tag in ("input", "select", "textarea") and "name" in has:
            self._field(self._in, tag, has)

    def _field(self, form: Form, tag: str, has: dict[str, str]) -> None:
        kind, name = has.get("type", "text"), has["name"]
        if kind == "hidden":
            form.given[name] = has.get("value", "")
        elif tag == "select":
            self._select = name
        elif tag == "textarea" or (tag == "input" and kind in TYPED):
            form.typed.append(name)
        if "required" in has and name not in form.needed:
            form.needed.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in = None


def forms_of(known: dict[str, list[str]], person: Visitor) -> Iterator[Form]:
    """Every form of every page in which something is asked for, once."""
    seen: set[str] = set()
    for page in pages.routes:
        if page.method != "GET" or page.json or page.public or page.path in NO_PAGES:
            continue
        for path in known.get(page.path, [page.path]):
            for form in _Forms(person.get(path).text).found:
                if form.needed and form.action not in seen and not form.action.endswith(LEAVING):
                    seen.add(form.action)
                    yield form


def sent(person: Visitor, form: Form, fields: dict[str, str], without: str) -> httpx.Response:
    body = {name: value for name, value in fields.items() if name not in ("csrf", without)}
    if form.multipart:
        return person.send(form.action, body, files={"nothing": ("", b"")})
    return person.send(form.action, body)


def wrongs(form: Form, answer: httpx.Response) -> Iterator[str]:
    """What is missing of the summary, each line of which leads to a field of this form with the same
    sentence."""
    if answer.status_code != 422:
        yield f"{answer.status_code} {answer.headers.get('location')}"
        return
    summary = re.search(r'data-testid="errors".*?</section>', answer.text, re.S)
    lines = re.findall(r'<a href="#([^"]*)">', summary[0]) if summary else []
    if not lines:
        yield "no line of a summary leads to a field"
    again = [one for one in _Forms(answer.text).found if one.action == form.action]
    for field in lines:
        if not any(field in one.ids for one in again):
            yield f"{field} is no field of this form"
        if answer.text.count(f' id="{field}"') != 1 or f'id="error-{field}"' not in answer.text:
            yield f"nothing is said at {field}"


def test_a_form_with_an_empty_field_says_so_and_keeps_the_rest(api: Api) -> None:
    desk, seen = Desk(api), 0
    found: list[tuple[str, str, str]] = []
    known = desk.paths()
    assert desk.other.send(f"/cases/{desk.case}/claim").status_code == 303
    auditor = Visitor(api.instance, api.client, "auditor")
    forms = [(desk.admin, one) for one in forms_of(known, desk.admin)]
    forms += [(auditor, one) for one in forms_of(known, auditor) if one.action.endswith("/open")]
    for person, form in forms:
        for empty in form.needed:
            marks = {name: f"typed {name}" for name in form.typed if name != empty}
            answer = sent(person, form, form.given | marks, without=empty)
            found += [(form.action, empty, one) for one in wrongs(form, answer)]
            lost = [name for name, mark in marks.items() if mark not in answer.text]
            found += [(form.action, empty, f"{one} is lost") for one in lost if one not in SECRET]
            seen += 1
    assert not found, "\n".join(map(str, found))
    assert seen > 15
