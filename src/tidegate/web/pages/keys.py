"""The keys of the desk, in one table: the sheet behind `?` is made of it, and so is what elements carry.

`static/keys.js` knows which key was pressed, on any layout; an element with `data-key`, or a handler of a
script, says what it does. A test holds both against this table.
"""

import msgspec

from tidegate.web.words import noted


class Key(msgspec.Struct, frozen=True):
    """One or more keys that belong together. `name` is what templates ask by; `single`: without Ctrl,
    so that it can be switched off."""

    name: str
    pressed: tuple[str, ...]
    does: str
    single: bool = True


class Group(msgspec.Struct, frozen=True):
    """Keys of one kind of work, under their heading in the sheet."""

    title: str
    keys: tuple[Key, ...]


GROUPS = (
    Group(
        noted("Everywhere"),
        (
            Key("next", ("n",), noted("take the next case")),
            Key("undo", ("u",), noted("undo the last decision while it can be undone")),
            Key("home", ("h",), noted("home")),
            Key("cases", ("q",), noted("the queue")),
            Key("orders", ("t",), noted("legal orders")),
            Key("find", ("/",), noted("find")),
            Key("go", ("Ctrl k",), noted("go to a page, a queue, a case or an item"), False),
            Key("keys", ("?",), noted("this sheet")),
            Key("leave", ("Esc",), noted("out of a field, a sheet or a dialog"), False),
        ),
    ),
    Group(
        noted("Lists"),
        (
            Key("rows", ("j", "k"), noted("next and previous row")),
            Key("open", ("Enter",), noted("open it"), False),
            Key("select", ("x",), noted("select it, with Shift all rows up to it")),
            Key("all", ("*",), noted("select all of this filter")),
            Key("same", ("→",), noted("open the copies of a row, or the next page"), False),
            Key("page", ("←",), noted("close the copies of a row, or the page before"), False),
            Key("new", (".",), noted("show what is new")),
        ),
    ),
    Group(
        noted("A case"),
        (
            Key("case", ("J", "K"), noted("next and previous case of the list")),
            Key("skip", ("s",), noted("skip, then a digit for why")),
            Key("mark", ("m",), noted("next passage that matters")),
            Key("author", ("o",), noted("the rest of the author's posts")),
            Key("note", ("a",), noted("write a note")),
        ),
    ),
    Group(
        noted("Deciding"),
        (
            Key("pass", ("p",), noted("pass")),
            Key("restrict", ("r",), noted("restrict")),
            Key("escalate", ("e",), noted("escalate")),
            Key("lift", ("l",), noted("lift")),
            Key("label", ("1", "…", "9"), noted("the label, then the exemption")),
            Key("no-exemption", ("0",), noted("no exemption")),
            Key("entry", ("c", "C"), noted("confirm and refute the bank entry")),
            Key("write", ("w",), noted("write the reason")),
            Key("send", ("Ctrl Enter",), noted("send the form from a field"), False),
        ),
    ),
    Group(
        noted("A legal order"),
        (Key("execute", ("d",), noted("execute it: disable what it names")),),
    ),
    Group(
        noted("Media"),
        (
            Key("show", ("v",), noted("show the file while it is held")),
            Key("toggle", ("V",), noted("show and hide the file")),
            Key("grey", ("g",), noted("greyscale")),
        ),
    ),
)

KEYS = {key.name: key for group in GROUPS for key in group.keys}
PRESSED = {pressed for key in KEYS.values() for pressed in key.pressed} | set("123456789X")
"""Every key that does something."""


def key(name: str) -> str:
    """The key for this. KeyError: there is none."""
    return KEYS[name].pressed[0]
