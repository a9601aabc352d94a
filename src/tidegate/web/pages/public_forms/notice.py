"""`/notice`: a notice under Article 16 of the Digital Services Act, by anybody.

It asks for what Art. 16(2) names: why the content is illegal (a), where exactly it is (b), the name and the
e-mail address, which may be left out where it is about an offence of Articles 3 to 7 of Directive 2011/93/EU
(c), and the statement of good faith (d). What it answers is the confirmation of receipt (Art. 16(4)).
"""

from typing import Any

import msgspec
from starlette.responses import Response

from tidegate.access.model import is_email
from tidegate.infra.errors import FieldError, Refusal
from tidegate.signals.parts import canonical_url, codes_of
from tidegate.web.pages.public_forms.shared import (
    Form,
    at_most,
    files_of,
    form_of,
    proved,
    refuse,
    routes,
    says,
    send,
    show,
    shown,
    too_many,
)
from tidegate.web.pages.refusals import plain_words
from tidegate.web.pages.visit import Visit
from tidegate.web.words import noted

FORM = "notice"
MOST_URLS = 5
LONGEST_URL = 4096
# What it is about, and how that is said. Of the exempt one the sender need not say who they are.
EXEMPT = "child_sexual_abuse"
CATEGORIES = {
    "terrorism": noted("Terrorist content"),
    "violent_extremism": noted("Violent extremism"),
    "hate_speech": noted("Incitement to hatred or violence"),
    EXEMPT: noted("Sexual abuse or exploitation of children"),
    "threat_to_life": noted("A threat to somebody’s life"),
    "other": noted("Something else that is illegal"),
}


class NoticePage(msgspec.Struct, frozen=True, kw_only=True):
    """The form, or where it was sent what became of each address."""

    form: Form
    categories: dict[str, str]
    most_urls: int = MOST_URLS
    sent: list["SentNotice"] = []


class SentNotice(msgspec.Struct, frozen=True, kw_only=True):
    """An address with the reference of its notice, or with why there is none."""

    url: str
    reference: str | None = None
    refused: str | None = None


def show_notice(visit: Visit) -> Response:
    return show(visit, "notice.html", NoticePage(form=form_of(visit, FORM), categories=CATEGORIES))


async def send_notice(visit: Visit) -> Response:
    """Hear it: one report for each address, so that each is decided and answered."""
    urls, files = urls_of(visit), files_of(visit)
    refuse([*_errors(visit, urls), too_many(files)])
    challenge, take_back = proved(visit, FORM)
    name, email = visit.field("name"), visit.field("email")
    said: dict[str, Any] = {
        "channel": "notice",
        "reason": visit.field("category"),
        "comment": visit.field("why"),
        "location": visit.field("where"),
        "reporter": f"email:{email.casefold()}" if email else None,
        "source": {key: one for key, one in (("name", name), ("contact", email)) if one},
    }
    sent: list[SentNotice] = []
    for place, url in enumerate(urls):
        id = f"form-{challenge.nonce.hex()}-{place + 1}"
        report = said | {"id": id, "url": url}
        try:
            reference = await send(visit, FORM, report, [] if place else files, challenge.at)
        except Refusal as refused:
            if not sent:
                take_back()
                raise
            sent.append(SentNotice(url=url, refused=plain_words(refused).title))
            continue
        sent.append(SentNotice(url=url, reference=reference))
    form = form_of(visit, FORM, sends=False)
    return await shown(
        visit, "notice_sent.html", NoticePage(form=form, categories=CATEGORIES, sent=sent)
    )


def urls_of(visit: Visit) -> list[str]:
    """The addresses that were typed, each once."""
    return list(dict.fromkeys(one for line in visit.field("urls").split() if (one := line.strip())))


def _errors(visit: Visit, urls: list[str]) -> list[FieldError | None]:
    category = visit.field("category")
    email = visit.field("email")
    found = [
        None
        if category in CATEGORIES
        else FieldError("/category", "a choice from the list", "nothing"),
        _wrong_urls(urls),
        at_most(visit, "where", 1000),
        says(visit, "why", 10, 10_000),
    ]
    named = category != EXEMPT
    found.append(says(visit, "name", 2, 200) if named else at_most(visit, "name", 200))
    if (named or email) and not (is_email(email) and len(email) <= 500):
        found.append(
            FieldError("/email", "an e-mail address", "another value" if email else "nothing")
        )
    if visit.field("good_faith") != "yes":
        found.append(FieldError("/good_faith", "that you confirm it", "nothing"))
    return found


def _wrong_urls(urls: list[str]) -> FieldError | None:
    if not urls:
        return FieldError("/urls", "the address of what it is about", "nothing")
    if len(urls) > MOST_URLS:
        return FieldError("/urls", f"at most {MOST_URLS} addresses", f"{len(urls)}")
    for url in urls:
        names_a_place = "." in url.partition("/")[0] or ":" in url
        canonical = canonical_url(codes_of(url=url)) if names_a_place else None
        if len(url) > LONGEST_URL or canonical is None:
            return FieldError(
                "/urls", "whole addresses, such as https://example.org/post/1", url[:60]
            )
    return None


pages = routes("/notice", show_notice, send_notice)
