"""Files at the console: tiles without a pixel, revealed by a form, taken away for a purpose."""

import re

import msgspec
import pytest
from tests.api import Api
from tests.web.test_audit import told
from tests.web.test_pages import check_html, picture
from tests.web.visitor import Visitor

from tidegate.access.preferences import Preferences, choose
from tidegate.infra.clock import FakeClock

WHY = {"purpose": "investigation", "justification": "The police asked for the file."}


@pytest.fixture
def case(api: Api) -> str:
    """A case about a post with a picture that is known, and a video."""
    api.bank()
    raw = picture()
    assert api.call("POST", "/v1/banks/known/entries", files={"file": ("a.png", raw)}).is_success
    video = b"\x00\x00\x00\x18ftypmp42" + bytes(3000)
    media = [
        {"filename": "coffee.png", "data": msgspec.to_builtins(raw)},
        {"filename": "<b>.mp4", "content_type": "video/mp4", "data": msgspec.to_builtins(video)},
    ]
    return api.submit(media=media).json()["case"]


def person(api: Api, role: str = "reviewer", **chosen: object) -> Visitor:
    visitor = Visitor(api.instance, api.client, role)
    with api.instance.database.begin(f"user:{visitor.email}") as tx:
        choose(tx, Preferences(**chosen))  # type: ignore[arg-type]
    return visitor


def tiles(page: str) -> dict[str, str]:
    """How each tile of a page is shown, by its part; the last of several."""
    found = re.findall(r'data-testid="media" data-part="([^"]+)" data-shown="(\w+)"', page)
    return dict(found)


def test_a_page_has_tiles_and_no_pixel(api: Api, case: str) -> None:
    page = person(api).get(f"/cases/{case}").text
    assert set(tiles(page).values()) == {"hidden"}
    assert "<img" not in page
    assert 'aria-label="Show picture 1 of 2, coffee.png"' in page
    assert "video/mp4, 3 kB: cannot be previewed here" in page
    assert "video 2 of 2, &lt;b&gt;.mp4" in page
    assert page.count('data-testid="reveal"') == 3, "none for the video"
    check_html(page)


def test_what_a_person_has_chosen_is_what_they_see(api: Api, case: str) -> None:
    blurred = person(api, media="blurred", hide_from=6, greyscale=True)
    page = blurred.get(f"/cases/{case}").text
    assert tiles(page)["media/0"] == "blurred"
    assert "blur=1" in re.findall(r'<img src="([^"]+)"', page)[0]
    assert 'data-grey="on"' in page
    with api.instance.database.begin(f"user:{blurred.email}") as tx:
        choose(tx, Preferences(media="shown", hide_from=6))
    assert tiles(blurred.get(f"/cases/{case}").text)["media/0"] == "shown"
    with api.instance.database.begin(f"user:{blurred.email}") as tx:
        choose(tx, Preferences(media="shown", hide_from=3))
    assert tiles(blurred.get(f"/cases/{case}").text)["media/0"] == "hidden", "its severity is 3"


def test_a_form_reveals_one_file_and_no_address_does(api: Api, case: str) -> None:
    rita = person(api)
    answer = rita.send(f"/cases/{case}/reveal", {"part": "media/0"})
    assert answer.status_code == 200
    shown = re.findall(r'data-part="([^"]+)" data-shown="shown"', answer.text)
    assert set(shown) == {"media/0"}
    assert set(re.findall(r'<img src="([^"]+)"', answer.text)) == {
        re.findall(r'data-clear="([^"]+)"', answer.text)[0]
    }
    check_html(answer.text)
    entry = next(part for part in tiles(answer.text) if part.startswith("entry/"))
    assert tiles(rita.send(f"/cases/{case}/reveal", {"part": entry}).text)[entry] == "shown"
    for address in (f"/cases/{case}?part=media/0", f"/cases/{case}?show=1"):
        assert "<img" not in rita.get(address).text
    assert "<img" not in rita.get(f"/cases/{case}").text, "it is over with the page"
    assert rita.send(f"/cases/{case}/reveal", {"part": "media/0"}, csrf=False).status_code == 403
    assert "<img" not in rita.send(f"/cases/{case}/reveal", {"part": "media/1"}).text


def test_other_pages_have_a_page_for_each_file(api: Api, case: str) -> None:
    rita = person(api)
    item = rita.get(f"/cases/{case}.json").json()["item_id"]
    page = rita.get(f"/items/{item}").text
    assert "<img" not in page
    at = re.findall(r'action="(/media/[^"]+)/reveal"', page)[0]
    assert at == f"/media/{item}/1/0/file"
    assert "<img" not in rita.get(at).text
    shown = rita.send(f"{at}/reveal", {"part": "media/0"})
    assert shown.status_code == 200
    assert tiles(shown.text) == {"media/0": "shown"}
    bank = rita.get("/banks/known").text
    at = re.findall(r'action="(/media/entries/[^"]+)/reveal"', bank)[0]
    part = next(iter(tiles(bank)))
    assert tiles(rita.send(f"{at}/reveal", {"part": part}).text) == {part: "shown"}
    assert rita.get(f"/media/{item}/1/7/file").status_code == 404


def test_a_file_is_taken_away_for_a_purpose_that_is_recorded(api: Api, case: str) -> None:
    rita, otto = person(api), person(api, "auditor")
    item = rita.get(f"/cases/{case}.json").json()["item_id"]
    at = f"/media/{item}/1/1/download"
    assert otto.send(at, WHY).status_code == otto.get(at).status_code == 403
    short = rita.send(at, WHY | {"justification": "because"})
    assert short.status_code == 422
    assert "because" in short.text
    assert rita.send(at, WHY | {"purpose": "fun"}).status_code == 422
    assert rita.send(f"/media/{item}/1/7/download", WHY).status_code == 404
    assert told(api, "evidence.downloaded") == []
    taken = rita.send(at, WHY)
    assert taken.status_code == 200
    assert taken.content.startswith(b"\x00\x00\x00\x18ftyp")
    assert taken.headers["content-type"] == "application/octet-stream"
    assert taken.headers["content-disposition"].startswith("attachment")
    assert taken.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in taken.headers["content-security-policy"]
    ((subject, record),) = told(api, "evidence.downloaded")
    assert str(subject) == item
    assert {"part": "media/1", "revision": 1, "actor": f"user:{rita.email}"}.items() <= (
        record.items()
    )
    assert WHY.items() <= record.items()
    entry = re.findall(r"/media/entries/[0-9a-f-]+", rita.get("/banks/known").text)[0]
    assert rita.send(f"{entry}/download", WHY).status_code == 200
    assert len(told(api, "evidence.downloaded")) == 2
    # It is an export: ten minutes later they show again that it is them, and what they wrote stays.
    assert isinstance(api.instance.clock, FakeClock)
    api.instance.clock.advance(11 * 60)
    stale = rita.send(at, WHY | {"csrf": rita.csrf()}, csrf=False)
    assert (stale.status_code, len(told(api, "evidence.downloaded"))) == (403, 2)
    assert WHY["justification"] in stale.text


def test_another_platforms_file_is_nobodys(api: Api, case: str) -> None:
    item = person(api).get(f"/cases/{case}.json").json()["item_id"]
    eve = Visitor(api.instance, api.client, "reviewer", "elsewhere", email="eve@example.org")
    for path in ("", "/file", "/download"):
        assert eve.get(f"/media/{item}/1/0{path}").status_code == 404
    assert eve.send(f"/media/{item}/1/0/download", WHY).status_code == 404
    assert told(api, "evidence.downloaded") == []
