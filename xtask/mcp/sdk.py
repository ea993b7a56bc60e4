"""The official SDK of the Model Context Protocol for Python as a client: sdk.py BINARY URL stdio|http"""

import asyncio
import logging
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client


class Complaints(logging.Handler):
    """Everything that the SDK warns of."""

    count = 0

    def emit(self, record):
        Complaints.count += 1
        print("ERROR", record.name, record.getMessage(), file=sys.stderr)


async def tell(session, name):
    await session.initialize()
    tools = (await session.list_tools()).tools
    assert [tool.name for tool in tools] == ["summon", "invoke", "speak", "banish", "query"], tools
    await session.call_tool("summon", {"model": "m"})
    begun = await session.call_tool("invoke", {"task": "cargo test", "state": "begin"})
    call_id = structure(begun)["call_id"]
    await session.call_tool("invoke", {"task": "cargo test", "call_id": call_id, "execution_time": 1.5})
    await session.call_tool("speak", {"text": "Which branch?", "waiting": True})
    waiting = structure(await session.call_tool("query", {"what": "waiting"}))
    assert name in [daemon["daemon_name"] for daemon in waiting["waiting"]], waiting
    wrong = await session.call_tool("invoke", {"task": 5})
    assert is_error(wrong) and wrong.content[0].text.startswith("task: must be a string"), wrong
    try:
        unknown = await session.call_tool("no-such-tool", {})
    except Exception as error:  # how the SDK tells of an error of the protocol differs from version to version
        unknown = error
    assert "there is no tool" in str(unknown), unknown
    await session.call_tool("banish", {})


def structure(answer):
    return getattr(answer, "structured_content", None) or answer.structuredContent


def is_error(answer):
    return getattr(answer, "is_error", None) or getattr(answer, "isError", False)


async def main(binary, url, kind):
    logging.getLogger().addHandler(Complaints(level=logging.WARNING))
    name = f"python-{kind}"
    if kind == "stdio":
        server = StdioServerParameters(command=binary, args=["mcp", "--url", url, "--daemon", name])
        transport = stdio_client(server)
    else:
        transport = streamable_http_client(f"{url}/mcp?daemon={name}")
    async with transport as (read, write, *_), ClientSession(read, write) as session:
        await tell(session, name)
    return 1 if Complaints.count else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
