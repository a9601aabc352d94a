"""Every page of a synthetic instance says that it is one, and none of a real one does."""

import re

import msgspec
import pytest
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.web.pages.render import TEMPLATES

SAID = 'data-testid="synthetic"'
PUBLIC = ("/sign-in", "/notice?lang=en", "/tip?lang=en", "/follow-up?lang=en")
HTML = {"Accept": "text/html"}


@pytest.mark.parametrize("synthetic", [True, False])
def test_pages_say_it(api: Api, monkeypatch: pytest.MonkeyPatch, synthetic: bool) -> None:
    settings = msgspec.structs.replace(
        api.instance.settings, synthetic=synthetic, public_forms=True
    )
    monkeypatch.setattr(api.instance, "settings", settings)
    admin = Visitor(api.instance, api.client)
    pages = [admin.get(path, headers=HTML) for path in ("/", "/cases", "/account", "/no-such-page")]
    pages += [api.client.get(path, headers=HTML) for path in PUBLIC]
    for page in pages:
        assert "<body" in page.text
        assert page.text.count(SAID) == synthetic, page.url


def test_every_template_of_a_whole_page_has_it() -> None:
    whole = [one for one in TEMPLATES.glob("*.html") if "<body" in one.read_text()]
    assert len(whole) >= 4
    for one in whole:
        assert re.search(r'{% include "synthetic.html" %}', one.read_text()), one.name
