"""The addresses of services that people are sent to, as an operator writes them."""

from urllib.parse import urlsplit


def is_safe(text: str) -> bool:
    """Whether it is the address of a service over TLS, or on this machine."""
    try:
        url = urlsplit(text)
        host = url.hostname
    except ValueError:
        return False
    here = url.scheme == "http" and host in ("localhost", "127.0.0.1", "::1")
    return text.isprintable() and bool(host) and (url.scheme == "https" or here)


def is_address(text: str) -> bool:
    """Whether people can be sent to it as it stands."""
    try:
        url = urlsplit(text)
        _ = url.port  # raises for what is no number
    except ValueError:
        return False
    plain = text.isprintable() and not any(mark in text for mark in ' \\?#@"<>')
    return plain and url.scheme in ("http", "https") and bool(url.hostname)
