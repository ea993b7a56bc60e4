import type { Page } from "@playwright/test";

import type { ArcaneServer } from "../support/server.ts";
import { expect, test as base } from "../support/test.ts";

/** What can be heard: texts that are read, and files that play. */
const heard = (page: Page): Promise<string[]> => page.evaluate(() => (window as any).heard());

/** Stories of a page whose voices go on until they are ended, and whose audio the story can suspend. */
const test = base.extend({
  page: async ({ page }, use) => {
    await page.addInitScript(() => {
      let read: string[] = [];
      const files = new Map<object, string>();
      const synthesis = { speak: ({ text }: { text: string }) => read.push(text), cancel: () => (read = []), addEventListener() {} };
      Object.defineProperty(window, "speechSynthesis", { get: () => synthesis });
      HTMLMediaElement.prototype.play = function () {
        files.set(this, new URL(this.src).pathname);
        return Promise.resolve();
      };
      HTMLMediaElement.prototype.pause = function () {
        files.delete(this);
      };
      const Context = AudioContext;
      (window as any).AudioContext = class extends Context {
        constructor() {
          super();
          (window as any).audio = this;
        }
      };
      (window as any).heard = () => [...read, ...files.values()];
    });
    await use(page);
  },
});

const sound = (page: Page) => page.getByTestId("sound-toggle");
const speak = (server: ArcaneServer, description: string, metadata = {}) =>
  server.publish({ spell_name: "voice", daemon_name: "claude", description, metadata: { ...metadata, sync: { deadline_ms: 2_000 } } });

const ends: [string, (page: Page, server: ArcaneServer) => Promise<unknown>][] = [
  ["sound is turned off", (page) => sound(page).click()],
  ["the volume is nothing", (page) => volume(page, "0")],
  ["another room is entered", (page) => page.getByTestId("room-select").selectOption("lab")],
  ["the page stands still", (page) => page.keyboard.press("Space")],
  ["its daemon is banished", (_, server) => server.banish("claude")],
  ["a recording is opened", (page) => page.evaluate(() => (window as any).__arcane.open('{"spell_name":"summon","daemon_name":"old"}'))],
];

async function volume(page: Page, value: string): Promise<void> {
  await page.keyboard.press(",");
  await page.getByTestId("volume").fill(value);
  await page.keyboard.press("Escape");
}

for (const [what, end] of ends) {
  for (const [kind, metadata, said] of [["voice", {}, "a long story"], ["file", { audio_path: "/voice/a.mp3" }, "/voice/a.mp3"]] as const) {
    test(`a ${kind} ends when ${what}`, async ({ dashboard, server, page }) => {
      await server.post("/events?room=lab", { spell_name: "summon", daemon_name: "tester" });
      await server.summon("claude");
      await dashboard.hasCircles("claude");
      await page.getByTestId("room-select").focus();
      await expect(page.getByTestId("room-select").locator("option")).toHaveCount(2);
      await sound(page).click();
      await sound(page).blur();
      await speak(server, "a long story", metadata);
      await expect.poll(() => heard(page)).toEqual([said]);
      await end(page, server);
      // A daemon that is banished says farewell.
      await expect.poll(() => heard(page)).not.toContain(said);
      if (what !== "its daemon is banished") expect(await heard(page)).toEqual([]);
    });
  }
}

test("one voice at a time", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await sound(page).click();
  for (const [metadata, said] of [
    [{ audio_path: "/voice/a.mp3" }, "/voice/a.mp3"],
    [{ audio_path: "/voice/b.mp3" }, "/voice/b.mp3"],
    [{}, "the third"],
    [{ audio_path: "/voice/d.mp3" }, "/voice/d.mp3"],
  ] as const) {
    await speak(server, "the third", metadata);
    await expect.poll(() => heard(page)).toEqual([said]);
  }
  // Another daemon comes and leaves, both without a word of its own: the voice goes on.
  await server.publish({ spell_name: "summon", daemon_name: "gemini" });
  await dashboard.hasCircles("claude", "gemini");
  await server.publish({ spell_name: "banish", daemon_name: "gemini" });
  await dashboard.hasCircles("claude");
  expect(await heard(page)).toEqual(["/voice/d.mp3"]);
});

test("without volume nothing is read", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await sound(page).click();
  await volume(page, "0");
  await speak(server, "in silence");
  await expect(page.locator("#spoken")).toHaveText("in silence");
  expect(await heard(page)).toEqual([]);
});

const state = (page: Page) => page.evaluate(() => (window as any).audio.state);
for (const [way, act] of [
  ["a click", (page: Page) => page.mouse.click(640, 300)],
  ["a key", (page: Page) => page.keyboard.press("Shift")],
  ["coming back", (page: Page) => page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange", { bubbles: true })))],
] as const) {
  test(`audio that the system suspends says so, and goes on after ${way}`, async ({ dashboard, page }) => {
    await dashboard.isLive();
    await sound(page).click();
    await expect(sound(page)).toHaveText("♪ on");
    await expect.poll(() => state(page)).toBe("running");
    await page.evaluate(() => (window as any).audio.suspend());
    await expect(sound(page)).toHaveText("♪ paused");
    await act(page);
    await expect.poll(() => state(page)).toBe("running");
    await expect(sound(page)).toHaveText("♪ on");
  });
}

test("sound that was turned off stays off", async ({ dashboard, page }) => {
  await dashboard.isLive();
  await sound(page).click();
  await expect.poll(() => state(page)).toBe("running");
  await sound(page).click();
  await expect.poll(() => state(page)).toBe("suspended");
  await page.mouse.click(640, 300);
  await page.evaluate(() => void document.dispatchEvent(new Event("visibilitychange", { bubbles: true })));
  await expect(sound(page)).toHaveText("Enable sound");
  expect(await state(page)).toBe("suspended");
});
