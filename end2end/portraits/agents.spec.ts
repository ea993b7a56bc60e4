// Pictures of real agents' sessions, for docs/agents.md: `cargo xtask agents` drives them, and this looks on.

import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

import { expect, test } from "@playwright/test";

const root = fileURLToPath(new URL("../../", import.meta.url));
const AGENTS = ["claude", "codex", "gemini", "copilot", "qwen", "opencode"];

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });

for (const agent of AGENTS) {
  test(`${agent} waits for a human`, async ({ page }) => {
    test.setTimeout(360_000);
    const port = await freePort();
    const binary = process.env.ARCANE_BINARY ? ["--binary", process.env.ARCANE_BINARY] : [];
    const driver = spawn("cargo", ["xtask", "agents", "--only", agent, "--watch", `${port}`, ...binary], { cwd: root, stdio: "inherit" });
    const ended = new Promise((done) => driver.once("exit", done));
    try {
      await page.setViewportSize({ width: 1200, height: 750 });
      await expect(async () => void (await page.goto(`http://127.0.0.1:${port}/`))).toPass({ timeout: 240_000, intervals: [500] });
      await expect(page).toHaveTitle("(1) Arcane", { timeout: 300_000 });
      await expect.poll(async () => JSON.parse(await page.evaluate(() => (window as any).__arcane.state())).circles.length).toBeGreaterThan(0);
      // The question stands as long as its human takes to answer: some frames.
      await page.screenshot({ path: `${root}docs/agent-${agent}.png` });
    } finally {
      // It ends what it started, an agent in a terminal among them.
      await ended;
    }
  });
}
