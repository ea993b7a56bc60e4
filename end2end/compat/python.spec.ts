import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import { readsEverything, SHARED, tell } from "../support/compression.ts";
import type { Plan, Read } from "../support/play.ts";
import { expect, test } from "../support/test.ts";

const program = fileURLToPath(new URL("read.py", import.meta.url));

/** Lets the Python program play the plan; `offer`: what it asks for instead of what it asks for by itself. */
async function play(plan: Plan, offer: object | null): Promise<{ version: string; reads: Read[] }> {
  const python = spawn(process.env.PYTHON ?? "python3", [program], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  python.stdout.on("data", (chunk) => (said += chunk));
  python.stdin.end(JSON.stringify({ plan, offer }));
  const code = await new Promise((resolve, reject) => python.on("close", resolve).on("error", reject));
  expect(code, "its own message is above").toBe(0);
  return JSON.parse(said);
}

for (const [name, offer, parameters] of [
  ["as it comes", null, ""],
  ["a small window", { server_max_window_bits: 12 }, "; server_no_context_takeover; server_max_window_bits=12"],
  ["no window", { server_no_context_takeover: true }, "; server_no_context_takeover"],
  ["a small window of its own", { client_max_window_bits: 9, client_no_context_takeover: true }, ""],
] as const) {
  test(`websockets for Python reads and publishes everything, ${name}`, async ({ server }) => {
    let version = "";
    const { agreed, ratio } = await readsEverything(server, async (plan) => {
      const played = await play(plan, offer);
      version = played.version;
      return played.reads;
    });
    tell(`websockets ${version} for Python, ${name}`, agreed, ratio);
    expect(agreed).toBe(`permessage-deflate; client_no_context_takeover${parameters}`);
    expect(ratio).toBeLessThan(parameters ? 0.8 : SHARED);
  });
}
