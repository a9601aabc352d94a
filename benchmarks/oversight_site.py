"""Hosts that are looked at in `make bench-oversight`: `oversight_site.py FILE`, a process of its own on all loopback
addresses. Each request is a line of FILE, the host and the time; every answer is 200.
"""

import asyncio
import sys
import time
from pathlib import Path


async def serve(path: Path) -> None:
    with path.open("ab", buffering=0) as file:

        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await _head(reader):
                host = head.lower().split(b"\nhost:")[1].split(b":")[0].strip()
                file.write(b"%b %.6f\n" % (host, time.monotonic()))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nthere")
            writer.close()

        server = await asyncio.start_server(handle, "0.0.0.0", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
