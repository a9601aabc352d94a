"""The console: server-rendered pages over the same paths as the API, each with a `.json` twin."""

from tidegate.web.pages import (
    account,
    actions,
    alerts,
    api_keys,
    banks,
    bulk,
    by_passkey,
    by_provider,
    case,
    confirm,
    decide,
    go,
    holding,
    home,
    items,
    ledger,
    me,
    media,
    opening,
    people,
    permissions,
    policy,
    queue,
    search,
    second,
    security,
    settings,
    sign_in,
)
from tidegate.web.pages.page import PageRoute, with_twins

routes: list[PageRoute] = with_twins(
    page
    for module in (
        second,  # the paths below /sign-in that are no links come first
        by_passkey,
        by_provider,
        sign_in,
        home,
        queue,
        case,
        decide,
        bulk,
        holding,
        items,
        banks,
        search,
        policy,
        actions,
        alerts,
        ledger,
        account,
        go,
        me,
        confirm,
        security,
        media,
        opening,
        people,
        api_keys,
        settings,
        permissions,
    )
    for page in module.pages
)
