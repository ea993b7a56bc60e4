import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { expect, test } from "@playwright/test";

import { Dashboard } from "../support/dashboard.ts";
import { ArcaneServer } from "../support/server.ts";
import { animated, type Shot } from "../support/webp.ts";

/** The moving picture of the README, and what it may have. */
const docs = fileURLToPath(new URL("../../docs/demo.webp", import.meta.url));
const BYTES_MAX = 4_000_000;
/** How long it is, and the time between two pictures where the machine is fast enough. */
const LENGTH_MS = 30_000;
const EVERY_MS = 250;

test.use({ viewport: { width: 1280, height: 800 } });
test.setTimeout(600_000);

test("the demo, as a moving picture", async ({ page }) => {
  const server = new ArcaneServer(["--demo"]);
  await server.start();
  try {
    const dashboard = new Dashboard(page);
    await dashboard.open(server.url);
    await expect(page.getByTestId("demo")).toBeVisible();
    await expect.poll(async () => (await dashboard.stage()).painted).toBeGreaterThan(0);
    const devtools = await page.context().newCDPSession(page);
    const shots: Shot[] = [];
    const began = performance.now();
    // Pictures keep the time at which they were taken: where the machine is slow they are fewer, and the picture is as fast.
    for (let next = began; next < began + LENGTH_MS; next = Math.max(next + EVERY_MS, performance.now())) {
      await page.waitForTimeout(Math.max(0, next - performance.now()));
      const at_ms = performance.now();
      const { data } = await devtools.send("Page.captureScreenshot", { format: "png", optimizeForSpeed: true });
      shots.push({ png: Buffer.from(data, "base64"), at_ms });
    }
    // Nothing moves there, and it is as trusted as the dashboard: what encodes pictures, and reads them, wants that.
    await page.goto(`${server.url}/health`);
    const { file, quality } = await animated(page, shots, BYTES_MAX);
    const frames = await page.evaluate(async (text) => {
      const data = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const decoder = new ImageDecoder({ data, type: "image/webp" });
      await Promise.all([decoder.tracks.ready, decoder.completed]);
      const count = decoder.tracks.selectedTrack!.frameCount;
      for (let frameIndex = 0; frameIndex < count; frameIndex += 1) (await decoder.decode({ frameIndex })).image.close();
      return count;
    }, file.toString("base64"));
    expect(frames).toBeGreaterThan(LENGTH_MS / EVERY_MS / 4);
    await writeFile(docs, file);
    console.log(`docs/demo.webp: ${frames} pictures, ${file.length} bytes, quality ${quality}`);
  } finally {
    await server.stop();
  }
});
