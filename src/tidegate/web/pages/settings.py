"""What the instance runs with: every setting, its value unless it is a secret, and where it comes from."""

import msgspec

from tidegate.infra.settings_told import Told, told
from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.visit import Visit


class SettingsPage(msgspec.Struct, frozen=True):
    """The settings in use; they are changed in the file or the environment, and read at the start."""

    settings: list[Told]


def show(visit: Visit) -> SettingsPage:
    return SettingsPage(told(visit.instance.settings))


pages = [
    PageRoute(path="/settings", handler=show, scope="admin", whole=True, template="settings.html")
]
