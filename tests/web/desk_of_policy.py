"""People who write a pack, in tests: what they type, what the pages then say, and the worker's turn."""

import re
from typing import Any

import httpx
from tests.api import Api
from tests.web.visitor import Visitor

from tidegate.infra.clock import FakeClock
from tidegate.pipeline.replay import carry_on
from tidegate.policy.data import default_source

DRAFT = "/policy/drafts/mine"
WIDER = "\"item.publicness != 'private'\""  # in place of: only what is public
WHY = "Closed groups spread it just the same."
WRITTEN = ("packs", "pack_drafts", "pack_changes", "replays", "replay_examples", "ledger_pending")


def shipped() -> str:
    return default_source()


def wider() -> str:
    """The shipped pack with a rule that restricts in groups, too."""
    return shipped().replace("\"item.publicness == 'public'\"", WIDER, 1)


def asking(words: str) -> str:
    """The shipped pack with a rule that asks a person about these words."""
    rule = (
        '\n[[rules]]\nname = "words"\nversion = 1\nmode = "live"\noutcome = "review"\n'
        f'text = "These words."\nwhen = ["text.normalised.contains(\'{words}\')"]\n'
    )
    return shipped() + rule


class Author:
    """Somebody who writes at a draft."""

    def __init__(self, api: Api, email: str, *platforms: str, role: str = "admin") -> None:
        self.api = api
        self.person = Visitor(api.instance, api.client, role, *platforms, email=email)

    def page(self, path: str = DRAFT) -> dict[str, Any]:
        answer = self.person.get(f"{path}.json")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def html(self, path: str = DRAFT) -> str:
        answer = self.person.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, verb: str, source: str | None = None, **form: Any) -> httpx.Response:
        """Press a button of the draft's form, as the page has it now."""
        fields = {
            "revision": str(self.page()["revision"]),
            "source": source or self.page()["source"],
        }
        more = form.pop("more", {})
        return self.person.send(f"{DRAFT}{verb}", fields | form, **more)

    def save(self, source: str) -> dict[str, Any]:
        answer = self.send("", source)
        assert answer.status_code == 303, answer.text
        return self.page()

    def replayed(self, source: str, days: int = 30) -> dict[str, Any]:
        """Save and replay, to its end."""
        answer = self.send("/replay", source, days=str(days))
        assert answer.status_code == 303, answer.text
        work(self.api)
        assert isinstance(self.api.instance.clock, FakeClock)
        self.api.instance.clock.advance(1)  # what comes next comes later
        page = self.page()
        assert page["replay"]["state"] == "done"
        return page

    def live(self, source: str | None = None, reason: str = WHY, **more: Any) -> httpx.Response:
        return self.send("/live", source, reason=reason, **more)

    def in_force(self) -> str:
        policy = self.page("/policy")["policy"]
        return f"{policy['pack']}@{policy['version']}"


def work(api: Api) -> None:
    while carry_on(api.instance):
        pass


def codes(page: dict[str, Any]) -> list[str]:
    return [one["code"] for one in page["in_the_way"]]


def written(api: Api) -> list[int]:
    return [api.count(table) for table in WRITTEN]


def cells(page: dict[str, Any]) -> dict[tuple[str, str], int]:
    found = page["replay"]["cells"]
    return {(one["before"], one["after"]): one["count"] for one in found if one["count"]}


def marks(html: str, testid: str) -> list[dict[str, str]]:
    """The data attributes of the elements with a test id."""
    return [
        dict(re.findall(r'data-(\w+)="([^"]*)"', tag))
        for tag in re.findall(rf'<\w+ [^>]*data-testid="{testid}"[^>]*>', html)
    ]


def attempts() -> dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]:
    """What a person who is bound to a platform may try. Rules are everybody's: what is of a platform there is
    what a replay shows of it, and who sees one platform alone puts nothing into force."""
    draft, text = "/policy/drafts/of-a", {"source": shipped(), "revision": "0"}
    version = "/policy/tvec@3"
    return {
        ("GET", "/policy/variables"): [("/policy/variables", {})],
        ("GET", "/policy/{version}"): [(version, {})],
        ("POST", "/policy/{version}/rollback"): [(f"{version}/rollback", {"reason": "of a, by a"})],
        ("POST", "/policy/changes/{change}/decline"): [],  # there is none
        ("GET", "/policy/drafts"): [("/policy/drafts", {})],
        ("POST", "/policy/drafts"): [("/policy/drafts", {"name": "another"})],
        ("GET", "/policy/drafts/{name}"): [(draft, {})],
        ("POST", "/policy/drafts/{name}"): [(draft, text)],
        ("POST", "/policy/drafts/{name}/check"): [(f"{draft}/check", text)],
        ("POST", "/policy/drafts/{name}/replay"): [(f"{draft}/replay", text | {"days": "90"})],
        ("POST", "/policy/drafts/{name}/live"): [
            (f"{draft}/live", text | {"reason": "of a, by a"})
        ],
        ("POST", "/policy/drafts/{name}/delete"): [],  # drafts are everybody's who writes rules
    }
