"""Where somebody goes on to after they have signed in: a page of ours, and nothing else.

A browser reads `//host`, `/\\host` and the like as another site, and drops tabs and line ends before it looks.
What is not plainly a path of ours, also when it is decoded once more, leads home.
"""

from urllib.parse import quote, unquote

HOME = "/"
LONGEST = 2000
# They would lead round in a circle, or out again.
_NEVER = ("/sign-in", "/sign-out")
_NO_PAGE = (".json", "/events")


def own_path(text: str) -> str:
    """The path if it is one of ours, else home."""
    if not text or len(text) > LONGEST:
        return HOME
    look = text
    for _ in range(4):
        if not _is_ours(look):
            return HOME
        plain = unquote(look)
        if plain == look:
            return text
        look = plain
    return HOME  # nobody encodes a path of ours so often


def _is_ours(text: str) -> bool:
    path = text.partition("?")[0]
    if not path.startswith("/") or path.startswith("//") or "\\" in text or "/../" in f"{path}/":
        return False
    if any(not one.isprintable() or one.isspace() for one in text.replace(" ", "x")):
        return False
    return not any(path == one or path.startswith(f"{one}/") for one in _NEVER)


def sign_in_for(path: str, query: bytes) -> str:
    """The sign-in page that leads back to the page that was asked for."""
    wanted = path + (f"?{query.decode('latin-1')}" if query else "")
    if own_path(wanted) == HOME or path.endswith(_NO_PAGE):
        return "/sign-in"
    return f"/sign-in?next={quote(wanted, safe='/')}"
