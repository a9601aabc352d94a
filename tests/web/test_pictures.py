"""Pictures as people send them, through the API: which are found, and what a match may do."""

import base64
import html
import io
import re
from typing import Any

import numpy as np
from PIL import Image
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.policy.actions import activate_pack, default_source, store_pack
from tidegate.signals.fingerprints.pixels import of_pixels


def photo(seed: int) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((240, 180), Image.Resampling.BICUBIC)


KNOWN, OTHER = photo(1), photo(2)


def saved(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def media(data: bytes, filename: str = "") -> dict[str, str]:
    return {"data": base64.b64encode(data).decode(), "filename": filename}


def add(api: Api, bank: str, image: Image.Image, **options: Any) -> dict[str, Any]:
    files = {"file": ("a.png", saved(image, **options), "image/png")}
    answer = api.call("POST", f"/v1/banks/{bank}/entries", files=files, data={"confirmed": "true"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def said(answer: Any) -> tuple[str, list[tuple[str, str, bool, bool]]]:
    """The verdict, and of each match by a picture its part and bank, and what it may do."""
    body = answer.json()
    found = [one for one in body["evaluation"]["matches"] if one["kind"] == "pdq"]
    return body["verdict"], [(m["part"], m["bank"], m["exact"], m["allowed"]) for m in found]


def inked(over: Image.Image, paper: Image.Image) -> Image.Image:
    """Shows one picture on a black page and another on a white one: c·a and c·a + 255·(1 - a)."""
    low, high = np.asarray(over, float) / 2, np.asarray(paper, float) / 2 + 127
    alpha = 255 - (high.mean(axis=2) - low.mean(axis=2))
    alpha = np.clip(alpha, 1, 255)
    colour = np.clip(low * 255 / alpha[:, :, None], 0, 255)
    return Image.fromarray(np.dstack([colour, alpha]).round().astype(np.uint8), "RGBA")


def near(one: Image.Image, other: Image.Image) -> bool:
    codes = [of_pixels(np.asarray(picture.convert("RGB")))[0].value for picture in (one, other)]
    return (int.from_bytes(codes[0]) ^ int.from_bytes(codes[1])).bit_count() <= 16


def test_what_a_black_page_shows_is_found_and_asks_a_person(api: Api) -> None:
    api.bank()
    add(api, "known", KNOWN.convert("L"))
    both = inked(KNOWN.convert("L").convert("RGB"), OTHER.convert("L").convert("RGB"))
    verdict, found = said(api.submit("both", media=[media(saved(both))]))
    assert (verdict, [one[0] for one in found]) == ("review", ["media/0@dark"])
    # The reviewer is shown what was found, and what a white page shows.
    person = Visitor(api.instance, api.client, "admin")
    case = api.get("/v1/cases").json()["data"][0]["id"]
    previews = re.findall(r'data-clear="(/media/[^"]+)"', person.get(f"/cases/{case}").text)
    dark, light = ([one for one in previews if ("dark=1" in one) == on] for on in (True, False))
    for sources, shown in ((dark, KNOWN), (light[:1], OTHER)):
        drawn = person.get(html.unescape(sources[0]))
        assert near(Image.open(io.BytesIO(drawn.content)), shown.convert("L"))
    # As an entry a drawing is known by what it is on either page.
    ink = Image.new("RGBA", KNOWN.size, "white")
    ink.putalpha(KNOWN.convert("L"))
    api.bank("drawings")
    assert add(api, "drawings", ink)["problems"] == []
    flat = Image.alpha_composite(Image.new("RGBA", ink.size, "black"), ink).convert("RGB")
    for name, post in (("flat", flat), ("ink", ink)):
        found = said(api.submit(name, media=[media(saved(post, "WEBP", lossless=True))]))[1]
        assert "drawings" in [bank for _, bank, _, _ in found], name


def test_an_entry_of_peers_finds_its_file_and_restricts_by_nothing_less(api: Api) -> None:
    api.bank()
    file = saved(KNOWN.quantize(180), "GIF")
    numbers = np.asarray(Image.open(io.BytesIO(file)))
    (code,) = of_pixels(np.dstack([numbers] * 3))
    entry = {"kind": "pdq", "value": code.value.hex(), "quality": code.quality, "confirmed": True}
    assert api.post("/v1/banks/known/entries", entry).status_code == 201
    assert said(api.submit("same", media=[media(file)])) == (
        "restrict",
        [("media/0@peer", "known", True, False)],
    )
    near = bytes([code.value[0] ^ 3]) + code.value[1:]
    api.bank("near")
    entry |= {"value": near.hex()}
    assert api.post("/v1/banks/near/entries", entry).status_code == 201
    found = said(api.submit("again", media=[media(file)]))[1]
    assert {(bank, exact) for _, bank, exact, _ in found} == {("known", True), ("near", False)}


def test_a_picture_that_is_allowed_hides_no_known_one_behind_it(api: Api) -> None:
    api.bank()
    api.bank("news", "allow")
    add(api, "known", KNOWN.resize((300, 200)))
    frames = [OTHER, *(photo(n) for n in range(10, 14)), KNOWN]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    behind = api.submit("plain", media=[media(data)])
    assert said(behind) == ("restrict", [("media/0#5", "known", True, False)])
    assert behind.json()["evaluation"]["matches"][0]["distance"] > 0
    add(api, "news", OTHER)
    hidden = said(api.submit("hidden", media=[media(data)]))
    assert hidden[0] == "review"
    assert ("media/0#5", "known", False, False) in hidden[1]


def test_a_pack_says_whether_what_cannot_be_judged_asks_a_person(api: Api) -> None:
    sound = b"OggS" + bytes(24) + b"OpusHead"
    drawing, broken = b"<svg xmlns=", saved(KNOWN)[:-800]

    def verdicts(turn: str) -> list[str]:
        posts = [("a.ogg", sound), ("a.svg", drawing), ("a.png", broken)]
        answers = [api.submit(f"{turn}{n}", media=[media(d, n)]).json() for n, d in posts]
        assert all(one["evaluation"]["problems"] for one in answers)
        return [one["verdict"] for one in answers]

    assert verdicts("before") == ["review"] * 3
    source = default_source().replace('name = "tvec"\nversion = 3', 'name = "mine"\nversion = 1')
    with api.instance.database.begin() as tx:
        store_pack(tx, source + '\n[media]\npass_unjudged = ["audio/*"]\n')
        activate_pack(tx, "mine", 1)
    assert verdicts("after") == ["pass", "review", "review"]
    assert api.get("/v1/policy").json()["pass_unjudged"] == ["audio/*"]
