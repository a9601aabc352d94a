"""Lists and files from a form: all that was sent is taken, or nothing of it; and what was bad is told."""

import csv
import io
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.pipeline.bank_imports import carry_on
from tidegate.signals.banks.tables import bank_import_files

GOOD = "sha256\n" + "\n".join(f"{number:064x}" for number in range(1, 6))
BAD = GOOD + "\nnot a digest\n" + f"{9:064x}\n" + "zz\n"


@pytest.fixture
def curator(api: Api) -> Visitor:
    api.bank()
    return Visitor(api.instance, api.client, "curator")


def sent(person: Visitor, files: Any = None, **form: str) -> str:
    answer = person.send("/banks/known/imports", form, files=files)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def work(api: Api) -> None:
    while carry_on(api.instance):
        pass


def imported(person: Visitor, at: str) -> dict[str, Any]:
    return person.get(f"{at}.json").json()


def picture(colour: int) -> bytes:
    out = io.BytesIO()
    Image.effect_mandelbrot((200 + colour, 200), (-2, -1.2, 1, 1), 40).save(out, "PNG")
    return out.getvalue()


def test_a_good_list_is_taken_whole(api: Api, curator: Visitor) -> None:
    at = sent(curator, {"list": ("list.csv", GOOD.encode())}, labels="threat", confirmed="yes")
    assert imported(curator, at)["import"]["state"] == "reading"
    assert api.count("entries") == 0
    work(api)
    one = imported(curator, at)["import"]
    assert (one["state"], one["added"], one["bad"], one["files"]) == ("done", 5, 0, 1)
    found = api.get("/v1/banks/known/entries").json()["data"]
    assert {entry["state"] for entry in found} == {"confirmed"}
    assert {tuple(entry["labels"]) for entry in found} == {("threat",)}
    assert {entry["created_by"] for entry in found} == {f"user:{curator.email}"}
    assert api.count("bank_import_files") == 0
    again = sent(curator, pasted=GOOD)
    work(api)
    one = imported(curator, again)["import"]
    assert (one["added"], one["duplicates"]) == (0, 5)
    assert len(curator.get("/banks/known.json?kind=sha256").json()["entries"]) == 5


def test_of_a_list_with_bad_lines_nothing_is_taken_until_somebody_says_so(
    api: Api, curator: Visitor
) -> None:
    files = [("list", ("a.csv", GOOD.encode())), ("list", ("b.csv", BAD.encode()))]
    at = sent(curator, files)
    work(api)
    found = imported(curator, at)
    one = found["import"]
    assert (one["state"], one["bad"], one["entries"], one["read"]) == ("asks", 2, 11, 2)
    assert [(line["filename"], line["line"]) for line in found["bad"]] == [
        ("b.csv", 7),
        ("b.csv", 9),
    ]
    assert api.count("entries") == 0
    shown = curator.get(at).text
    assert "2 lines are bad: nothing was taken." in shown
    assert "not a digest" in shown or "b.csv" in shown
    table = curator.get(found["errors"])
    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(table.text)))
    assert rows[0] == ["file", "line", "problem"]
    assert [row[:2] for row in rows[1:]] == [["b.csv", "7"], ["b.csv", "9"]]
    assert curator.send(f"{at}/take").status_code == 303
    work(api)
    one = imported(curator, at)["import"]
    assert (one["state"], one["added"], one["duplicates"]) == ("done", 6, 5)
    assert api.count("entries") == 6
    assert curator.send(f"{at}/take").status_code == 409
    assert curator.send(f"{at}/drop").status_code == 409
    assert api.count("entries") == 6


def test_what_is_dropped_leaves_nothing(api: Api, curator: Visitor) -> None:
    at = sent(curator, {"list": ("b.csv", BAD.encode())})
    work(api)
    assert curator.send(f"{at}/drop").headers["location"] == f"{at}?done=import-dropped"
    assert imported(curator, at)["import"]["state"] == "dropped"
    assert (api.count("entries"), api.count("bank_import_files")) == (0, 0)


def test_a_folder_of_files_is_taken_with_what_they_look_like(api: Api, curator: Visitor) -> None:
    pictures = [picture(number) for number in range(3)]
    files = [("folder", (f"known/{n}.png", data, "image/png")) for n, data in enumerate(pictures)]
    # What a computer keeps for itself is nobody's entry.
    files += [("folder", (f"known/{name}", b"x", "")) for name in (".DS_Store", ".git/HEAD")]
    files += [("files", ("again.png", pictures[0], "image/png"))]
    at = sent(curator, files, pasted="url\nhttps://example.org/page\n")
    work(api)
    one = imported(curator, at)["import"]
    assert (one["state"], one["added"], one["duplicates"], one["files"]) == ("done", 4, 1, 5)
    found = api.get("/v1/banks/known/entries").json()["data"]
    assert sum(entry["has_file"] for entry in found) == 3
    assert {entry["state"] for entry in found} == {"unconfirmed"}
    assert all(
        "pdq" in {code["kind"] for code in entry["fingerprints"]}
        for entry in found
        if entry["has_file"]
    )


def test_an_import_that_cannot_be_taken_is_all_undone(api: Api, curator: Visitor) -> None:
    at = sent(curator, [("list", ("list.csv", GOOD.encode())), ("files", ("a.png", picture(0)))])
    carry_on(api.instance)
    carry_on(api.instance)
    assert imported(curator, at)["import"]["state"] == "taking"
    assert api.call("DELETE", "/v1/banks/known").status_code == 204
    work(api)
    assert api.count("entries") == 0
    with api.instance.database.begin() as tx:
        assert not tx.execute(sa.select(bank_import_files)).all()


@pytest.mark.parametrize(
    ("files", "form", "status"),
    [
        (None, {}, 422),
        ({"list": ("", b"")}, {"labels": "x"}, 422),
        ({"list": ("list.csv", GOOD.encode())}, {"labels": " ".join(map(str, range(40)))}, 422),
        ({"other": ("list.csv", GOOD.encode())}, {}, 422),
    ],
)
def test_refused_and_nothing_is_written(
    api: Api, curator: Visitor, files: Any, form: dict[str, str], status: int
) -> None:
    answer = curator.send("/banks/known/imports", form, files=files)
    assert answer.status_code == status
    assert (api.count("bank_imports"), api.count("bank_import_files")) == (0, 0)


def test_only_who_may_change_the_bank_imports(api: Api, curator: Visitor) -> None:
    at = sent(curator, {"list": ("b.csv", BAD.encode())})
    work(api)
    other = Visitor(api.instance, api.client, "reviewer")
    bound = Visitor(api.instance, api.client, "curator", "a")
    for person in (other, bound):
        assert person.send("/banks/known/imports", {"pasted": GOOD}).status_code == 403
        assert person.send(f"{at}/take").status_code == 403
    assert other.get(at).status_code == 403
    nothing = curator.send("/banks/nothing/imports", {"pasted": GOOD})
    assert nothing.status_code == 404
    assert imported(curator, at)["import"]["state"] == "asks"
    assert api.count("bank_imports") == 1
