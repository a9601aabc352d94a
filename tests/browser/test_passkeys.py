"""Signing in, in a real Chromium: by a passkey of its virtual authenticator, by a recovery code, and at an
OpenID provider; and back to pages of ours alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.desk import Desk, violations
from tests.serving import free_port, serving
from tests.web.provider import Provider, running

pytestmark = pytest.mark.long
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with running(require_nonce=True) as provider:
        yield provider


@pytest.fixture(scope="module")
def desk(
    browser: Browser, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder: Path = tmp_path_factory.mktemp("passkeys")
    port = free_port()
    settings = {
        "public_url": f"http://localhost:{port}",  # browsers keep passkeys for no 127.0.0.1
        "oidc_issuer": provider.url,
        "oidc_client_id": "tidegate",
        "oidc_client_secret": "hush",
        "oidc_name": "Example Ltd.",
        "oidc_roles": "desk=reviewer",
        "oidc_create": "true",
        "allowed_addresses": "127.0.0.0/8,::1/128",
    }
    environment = {f"TIDEGATE_{name.upper()}": value for name, value in settings.items()}
    with serving(folder / "instance", port=port, settings=environment) as served:
        served.url = settings["public_url"]
        desk = Desk(served, browser)
        yield desk
        desk.api.close()
        assert desk.complaints == []


def with_authenticator(desk: Desk, context: BrowserContext) -> Page:
    """A tab whose browser has a device that keeps passkeys and knows its owner."""
    page = context.new_page()
    page.on("pageerror", lambda error: desk.complaints.append(str(error)))
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options |= {"hasUserVerification": True, "isUserVerified": True}
    options |= {"automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return page


def open_page(desk: Desk, page: Page, path: str) -> None:
    page.goto(desk.served.url + path)
    page.locator("html[data-ready]").wait_for()


def add_passkey(desk: Desk, page: Page, name: str) -> None:
    open_page(desk, page, "/account/security")
    # Without a name it is said at the field, as for every form.
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_test_id("errors")).to_be_focused()
    expect(page.get_by_test_id("field-error").filter(visible=True)).to_have_text(
        re.compile("Name: expected")
    )
    page.locator("html[data-ready]").wait_for()
    page.get_by_label("Name of the new passkey").fill(name)
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_test_id("passkey").get_by_text(name, exact=True).wait_for()


def sign_out(desk: Desk, page: Page) -> None:
    page.get_by_role("button", name="Sign out").first.click()
    page.wait_for_url("**/sign-in?done=signed-out")


def test_a_passkey_is_added_and_signs_in(desk: Desk) -> None:
    with desk.person("anna@example.org") as context:
        page = with_authenticator(desk, context)
        add_passkey(desk, page, "blue phone")
        assert list(violations(page)) == []
        sign_out(desk, page)

        open_page(desk, page, "/sign-in?next=/account/security")
        assert list(violations(page)) == []
        page.get_by_test_id("sign-in-passkey").click()
        page.wait_for_url("**/account/security")
        expect(page.get_by_test_id("session")).to_have_count(1)
        expect(page.get_by_test_id("session")).to_contain_text("Chrome on Linux")
        expect(page.get_by_test_id("session")).to_contain_text("passkey")
        expect(page.get_by_test_id("passkey")).not_to_contain_text("not used yet")

        page.get_by_test_id("remove-passkey").click()
        page.wait_for_url("**/account/security?done=passkey-removed")
        sign_out(desk, page)
        page.get_by_test_id("sign-in-passkey").click()
        # The browser still has it; it opens nothing here.
        expect(page.get_by_role("status")).to_contain_text("not accepted")
        assert page.url.endswith("/sign-in?done=signed-out")


def test_after_a_password_a_passkey_is_asked_for_or_a_code(desk: Desk) -> None:
    with desk.person("bert@example.org") as context:
        page = with_authenticator(desk, context)
        open_page(desk, page, "/account")
        page.get_by_label("New password").fill(PASSWORD)
        page.get_by_label("The same again").fill(PASSWORD)
        page.get_by_role("button", name="Save").click()
        page.wait_for_url("**/account?done=password")
        add_passkey(desk, page, "key ring")
        page.get_by_test_id("make-codes").click()
        codes = page.get_by_test_id("new-codes").locator("code").all_inner_texts()
        assert len(codes) == 10
        assert list(violations(page)) == []

        for path in ("", "?next=//evil.example", "?next=https://evil.example"):
            open_page(desk, page, "/account/security")
            sign_out(desk, page)
            open_page(desk, page, f"/sign-in{path}")
            page.get_by_label("E-mail address").fill("bert@example.org")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_test_id("sign-in-password").click()
            page.get_by_role("heading", name="One more step").wait_for()
            page.locator("html[data-ready]").wait_for()
            if path:
                page.get_by_test_id("sign-in-passkey").click()
            else:
                assert list(violations(page)) == []
                page.get_by_label("Recovery code").fill(codes[0].lower())
                page.get_by_test_id("sign-in-code").click()
            page.wait_for_url(desk.served.url + "/")
        open_page(desk, page, "/account/security")
        expect(page.get_by_test_id("codes-left")).to_contain_text("9 codes are left")


def test_there_and_back_from_a_provider(desk: Desk, provider: Provider) -> None:
    claims = {"email": "carla@example.org", "email_verified": True, "groups": ["desk"]}
    provider.knows("carla", **claims)
    context = desk.browser.new_context()
    page = context.new_page()
    open_page(desk, page, "/sign-in?next=/account")
    page.get_by_test_id("sign-in-oidc").click()
    page.wait_for_url(re.compile(re.escape(provider.url)))
    page.locator("input[name=sub]").first.fill("carla")
    page.get_by_role("button", name=re.compile("authorize", re.I)).first.click()
    page.wait_for_url(desk.served.url + "/account")
    expect(page.get_by_role("main")).to_contain_text("carla@example.org")
    context.close()


def test_without_script_passkeys_say_what_they_need(desk: Desk) -> None:
    context = desk.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(desk.served.url + "/sign-in")
    expect(page.get_by_text("Passkeys need JavaScript")).to_be_visible()
    expect(page.get_by_test_id("sign-in-passkey")).not_to_be_visible()
    context.close()
