"""Plays a plan of support/play.ts with `websockets`: the plan comes on the standard input, what was read goes to the output."""

import asyncio
import http.client
import json
import sys
from urllib.parse import urlsplit

import websockets
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate

# Characters of a fragment of what is published over a socket.
FRAGMENT = 700


class Play:
    def __init__(self, plan, offer):
        self.plan, self.offer = plan, offer
        self.reads, self.tasks = [], []
        self.told = asyncio.Condition()

    async def run(self):
        total = self.plan["published_by_parts"]
        for n, batch in enumerate(self.plan["batches"]):
            for part in self.plan["parts"]:
                if part["joins"] == n:
                    await self.join(part)
            seq = await asyncio.to_thread(self.publish, batch)
            total += len(batch)
            if n % 3 == 0:
                await self.until(lambda: self.reads[0]["until"] >= seq)
        await self.until(lambda: self.reads[0]["until"] >= total)
        end = [{"spell_name": "invoke", "daemon_name": "claude", "description": "the end"}]
        end = await asyncio.to_thread(self.publish, end)
        for part in self.plan["parts"]:
            name = part["name"]
            await self.until(lambda: [read for read in self.reads if read["name"] == name][-1]["until"] >= end)
        for task in self.tasks:
            task.cancel()

    def publish(self, events):
        connection = http.client.HTTPConnection(urlsplit(self.plan["url"]).netloc)
        connection.request("POST", "/events", json.dumps(events), {"content-type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 201, body
        return json.loads(body)["events"][-1]["seq"]

    async def join(self, part):
        task = asyncio.create_task(self.part(part))
        self.tasks.append(task)
        await self.until(lambda: any(read["name"] == part["name"] and read["texts"] for read in self.reads))

    async def until(self, condition):
        async with self.told:
            while not condition():
                for task in self.tasks:
                    if task.done():
                        task.result()
                        raise RuntimeError("a stream ended")
                await self.told.wait()

    async def part(self, part):
        try:
            acts = list(part.get("acts", []))
            while await self.connection(part, acts):
                pass
        finally:
            async with self.told:
                self.told.notify_all()

    async def connection(self, part, acts):
        """Reads with one connection; true if another one is wanted."""
        spells = part.get("spells", [])
        url = self.plan["url"].replace("http", "ws", 1) + "/ws/events?recent=0"
        if spells:
            url += "&spell=" + ",".join(spells)
        options = {"compression": "deflate"}
        if self.offer is not None:
            options = {"compression": None, "extensions": [ClientPerMessageDeflateFactory(**self.offer)]}
        # With a bounded queue, a close frame behind messages that nobody takes would not be seen.
        async with connect(url, proxy=None, max_queue=None, **options) as socket:
            extensions = socket.protocol.extensions
            assert any(isinstance(extension, PerMessageDeflate) for extension in extensions), extensions
            names = ", ".join(extension.name for extension in extensions)
            read = {"name": part["name"], "extensions": names, "texts": [], "filters": [spells], "until": 0}
            self.reads.append(read)
            at = 0
            async for text in socket:
                message = json.loads(text)
                async with self.told:
                    read["texts"].append(text)
                    if "spell_name" in message or message["type"] == "connection":
                        read["until"] = message["seq"]
                    self.told.notify_all()
                while acts and len(read["texts"]) >= at + acts[0][0]:
                    act = acts.pop(0)[1]
                    at = len(read["texts"])
                    if act == "reopen":
                        return True
                    if act["type"] == "filter":
                        read["filters"].append(act.get("spell", []))
                    await self.say(socket, act)
            raise RuntimeError(f"{part['name']}: closed with {socket.close_code} {socket.close_reason}")

    async def say(self, socket, act):
        text = json.dumps(act)
        fragments = [text[i : i + FRAGMENT] for i in range(0, len(text), FRAGMENT)]
        await socket.send(fragments if len(fragments) > 1 else text)


async def main():
    asked = json.load(sys.stdin)
    play = Play(asked["plan"], asked["offer"])
    await play.run()
    json.dump({"version": websockets.__version__, "reads": play.reads}, sys.stdout)


asyncio.run(main())
