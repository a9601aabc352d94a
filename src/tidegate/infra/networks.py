"""Networks as operators write them, and whether an address is in one."""

import socket
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_V4_COMPATIBLE = IPv6Network("::/96")


def read_network(text: str) -> Network:
    """A network in CIDR, or one address. Raises ValueError that says what is wrong with it."""
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        try:
            wider = ip_network(text.strip(), strict=False)
        except ValueError:
            raise ValueError(f"{text[:60]!r} is no network such as 10.0.0.0/8") from error
        alone = text.partition("/")[0].strip()
        raise ValueError(
            f"{text[:60]!r} is an address in a network: write {wider} or {alone}"
        ) from error
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


@lru_cache(maxsize=4096)
def read_address(text: str) -> Address | None:
    """An address, also with a port, in brackets or with a zone; None for anything else. An IPv4
    address that is mapped into IPv6 is that IPv4 address."""
    host = text.strip()
    if host.startswith("["):
        host, closed, port = host[1:].partition("]")
        if not closed or not _is_port(port):
            return None
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        address = ip_address(host.partition("%")[0] if ":" in host else host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_port(text: str) -> bool:
    """Whether it is nothing, or a colon and a number."""
    return not text or (text[0] == ":" and len(text) <= 6 and text[1:].isdecimal())


def within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def network_around(text: str, bits: int = 24, bits_of_v6: int = 48) -> str:
    """The network of so many bits that an address is in; by default as far as it tells where somebody
    comes from and not who they are. "unknown" for what is no address."""
    address = read_address(text)
    if address is None:
        return "unknown"
    return str(ip_network((address, bits if address.version == 4 else bits_of_v6), strict=False))


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for (mapped, compatible, NAT64), or itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
            return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def literal(host: str) -> Address | None:
    """An address written as one, also in the short, octal and decimal forms that systems take."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
