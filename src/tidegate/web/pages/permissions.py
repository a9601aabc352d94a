"""The matrix of roles and routes, for programs and for people who wonder."""

import msgspec

from tidegate.web.pages.page import PageRoute
from tidegate.web.pages.visit import Visit
from tidegate.web.permissions import Permission, told


class Matrix(msgspec.Struct, frozen=True):
    routes: list[Permission]


def show(_: Visit) -> Matrix:
    return Matrix(told())


pages = [PageRoute(path="/permissions.json", handler=show, scope=None, json=True)]
