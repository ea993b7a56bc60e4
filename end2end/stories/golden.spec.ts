// What each spell looks like at fixed moments, in both renderers. The page is turned by hand (`?clock=manual&seed=`), so
// that every run gives the same frames; they are compared with those of the same graphics renderer only.
// After a change that is meant: npx playwright test golden --update-snapshots

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Page, TestInfo } from "@playwright/test";

import { type Act, crowd, four, recording as played, twelve } from "../support/cast.ts";
import { expect, test } from "../support/test.ts";

const known = fileURLToPath(new URL("../golden/renderer.txt", import.meta.url));
const BEGUN = Date.parse("2026-01-01T00:00:00Z");

/** A recording in which three daemons are present and one thing happens after two seconds. */
function recording(...events: object[]): string {
  const present = [
    { daemon_name: "claude", color: "#8B5CF6" },
    { daemon_name: "gemini", color: "#F59E0B" },
    { daemon_name: "codex", color: "#7DD3FC" },
  ];
  const sync = (success: boolean) => ({
    deadline_ms: 200,
    animation: success ? "pulse" : "invert",
    particles: success ? "fade_to_idle" : "halt",
    audio: success ? "success" : "error",
    invert: !success,
    ...(success ? {} : { display_text: "Rune destabilization detected" }),
  });
  const line = (event: any, n: number) => {
    const success = event.success ?? true;
    const timestamp = new Date(BEGUN + 2_000 * n).toISOString();
    const metadata = { sync: sync(success), ...event.metadata };
    return { description: "", success, ...event, timestamp, seq: n + 1, metadata };
  };
  const first = { spell_name: "reveal", daemon_name: null, metadata: { sync: {} } };
  const lines = [{ arcane_recording: 1, room: "main", present }, ...[first, ...events].map(line)];
  return lines.map((line) => JSON.stringify(line)).join("\n");
}

const invoke = { spell_name: "invoke", daemon_name: "claude", metadata: { task: "cargo test", execution_time: 1.4 } };
const spells: [name: string, events: object[], moments: number[]][] = [
  ["idle", [], [1_500]],
  ["summon", [{ spell_name: "summon", daemon_name: "liquidmetal", metadata: { color: "#06B6D4" } }], [500, 1_400]],
  ["invoke", [invoke], [350, 1_100]],
  ["begin", [{ ...invoke, metadata: { ...invoke.metadata, phase: "begin" } }], [1_200]],
  ["failure", [{ ...invoke, daemon_name: "codex", success: false }], [250]],
  ["banish", [{ spell_name: "banish", daemon_name: "gemini" }], [600]],
  ["reveal", [{ spell_name: "reveal", daemon_name: "claude" }], [800]],
  ["parse", [{ spell_name: "parse", daemon_name: "claude", metadata: { spell_text: "summon claude" } }], [1_100]],
  ["voice", [{ spell_name: "voice", daemon_name: "claude", description: "All is well." }], [600]],
  ["waiting", [{ spell_name: "voice", daemon_name: "gemini", description: "Go on?", metadata: { attention: true } }], [900]],
];

async function open(page: Page, url: string, text: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => (window as any).__arcane?.tick);
  await page.evaluate((text) => (window as any).__arcane.open(text), text);
  await page.waitForFunction(() => JSON.parse((window as any).__arcane.state()).recording);
}

/** The canvas on its ground, so much later. It is read in the task that paints it: afterwards its pixels are the browser's. */
const picture = (page: Page, ms: number): Promise<string> =>
  page.evaluate((ms) => {
    (window as any).__arcane.tick(ms);
    const scene = document.querySelector<HTMLCanvasElement>("#scene")!;
    const ground = Object.assign(document.createElement("canvas"), { width: scene.width, height: scene.height });
    const context = ground.getContext("2d")!;
    context.fillStyle = "#0b0b14";
    context.fillRect(0, 0, ground.width, ground.height);
    context.drawImage(scene, 0, 0);
    return ground.toDataURL("image/png");
  }, ms);

const renderer = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const gl = document.createElement("canvas").getContext("webgl2");
    const info = gl?.getExtension("WEBGL_debug_renderer_info");
    return info ? String(gl!.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "none";
  });

/** Compares pictures with the golden images of their names, where there are ones of this renderer. */
async function compare(page: Page, info: TestInfo, pictures: [name: string, picture: string][]): Promise<void> {
  const here = await renderer(page);
  if (["all", "changed"].includes(info.config.updateSnapshots)) writeFileSync(known, here);
  // Another GPU rounds differently: there both runs are the same, and the rest is skipped. `--update-snapshots` makes the images its own.
  const strange = !existsSync(known) || readFileSync(known, "utf8") !== here;
  const why = `there are no golden images of ${here}: npx playwright test golden --update-snapshots makes them`;
  if (strange) console.log(`not tested here: how ${pictures[0][0]} looks: ${why}`);
  test.skip(strange, why);
  for (const [name, picture] of pictures) {
    const png = Buffer.from(picture.split(",")[1], "base64");
    expect(png).toMatchSnapshot(`${name}.png`, { maxDiffPixelRatio: 0.01 });
  }
}

// The least that has a court.
test.use({ viewport: { width: 640, height: 800 } });

for (const painter of ["webgl2", "2d"]) {
  for (const [spell, events, moments] of spells) {
    test(`${spell} looks the same twice in ${painter}, and like its golden image where there is one of this renderer`, async ({ page, server }, info) => {
      const url = `${server.url}/?view=wall&clock=manual&seed=7&renderer=${painter}`;
      const text = recording(...events);
      const see = async () => {
        await open(page, url, text);
        const pictures: string[] = [];
        let now = 0;
        // Half a second of silence comes before the first event, which nobody looks at.
        for (const moment of moments) {
          const at = 500 + (events.length > 0 ? 2_000 : 0) + moment;
          pictures.push(await picture(page, at - now));
          now = at;
        }
        return pictures;
      };
      const pictures = await see();
      expect(await see()).toEqual(pictures);

      await compare(page, info, pictures.map((picture, n) => [`${painter}-${spell}-${moments[n]}`, picture]));
    });
  }
}

const casts: [name: string, acts: Act[], motion?: "reduce"][] = [
  ["4-agents", four], ["12-agents", twelve], ["60-agents", crowd(60)], ["200-agents", crowd(200)],
  // What flows elsewhere has heads here.
  ["12-agents-less-motion", twelve, "reduce"],
];

test.describe("many", () => {
  test.use({ viewport: { width: 1280, height: 860 } });

  for (const painter of ["webgl2", "2d"]) {
    for (const [name, acts, reducedMotion] of casts) {
      test(`${name}, each in its state, look the same twice in ${painter}`, async ({ page, server }, info) => {
        await page.emulateMedia({ reducedMotion });
        const see = async () => {
          await open(page, `${server.url}/?clock=manual&seed=7&renderer=${painter}`, played(acts));
          await picture(page, 1_000);
          await page.getByTestId("scrubber").press("End");
          await picture(page, 1_000);
          return picture(page, 1_000);
        };
        const seen = await see();
        expect(await see()).toBe(seen);
        await compare(page, info, [[`${painter}-${name}`, seen]]);
      });
    }
  }
});
