import WebSocket from "ws";

import { readsEverything, SHARED } from "../support/compression.ts";
import { play } from "../support/play.ts";
import { expect, test } from "../support/test.ts";

test("a page's sockets read everything, whenever they join and whatever they ask in between", async ({ page, server }) => {
  const answers: (string | undefined)[] = [];
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  devtools.on("Network.webSocketHandshakeResponseReceived", ({ response }) => {
    const [, value] = Object.entries(response.headers).find(([name]) => /^sec-websocket-extensions$/i.test(name)) ?? [];
    answers.push(value);
  });
  const { agreed, ratio } = await readsEverything(server, async (plan) => {
    await page.goto(plan.url);
    return page.evaluate(play, plan);
  });
  expect(agreed).toBe("permessage-deflate; client_no_context_takeover");
  expect(new Set(answers), "the browser saw the same").toEqual(new Set([agreed]));
  expect(ratio).toBeLessThan(SHARED);
});

for (const [name, options, parameters] of [
  ["as it comes", true, ""],
  ["with a small window", { serverMaxWindowBits: 12 }, "; server_no_context_takeover; server_max_window_bits=12"],
  ["without a window", { serverNoContextTakeover: true }, "; server_no_context_takeover"],
  ["each message alone, short ones too", { clientNoContextTakeover: true, threshold: 0 }, ""],
] as const) {
  test(`ws for Node reads and publishes everything, ${name}`, async ({ server }) => {
    const connect = (url: string) => new WebSocket(url, { perMessageDeflate: options });
    const { agreed, ratio } = await readsEverything(server, (plan) => play(plan, connect));
    expect(agreed).toBe(`permessage-deflate; client_no_context_takeover${parameters}`);
    expect(ratio).toBeLessThan(parameters ? 0.8 : SHARED);
  });
}
