import type { Page, Route } from "@playwright/test";

import { expect, test } from "@playwright/test";
import { ArcaneServer } from "../support/server.ts";

const half = async (route: Route) => {
  const response = await route.fetch({ headers: { "accept-encoding": "identity" } });
  const body = await response.body();
  await route.fulfill({ status: 200, contentType: response.headers()["content-type"], body: body.subarray(0, body.length / 2) });
};
const missing = (route: Route) => route.fulfill({ status: 404, contentType: "application/problem+json", body: "{}" });
const page = (route: Route) => route.fulfill({ status: 200, contentType: "text/html", body: "<!doctype html><p>Please log in" });
const broken = (route: Route) => route.abort();

const server = new ArcaneServer();
test.beforeAll(() => server.start());
test.afterAll(() => server.stop());

/** Says that the program did not come; the page comes as soon as it does. */
async function saysSo(page: Page, why: RegExp): Promise<void> {
  const told = page.getByRole("dialog");
  await expect(told).toBeVisible();
  await expect(told).toContainText(why);
  await page.unrouteAll();
  await told.getByRole("button", { name: "Reload" }).click();
  await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "live");
  await expect(page.getByRole("dialog")).toBeHidden();
}

for (const file of ["js", "wasm"]) {
  for (const [what, answer] of [["is missing", missing], ["is another page", page], ["comes by half", half], ["does not come", broken]] as const) {
    test(`a program whose ${file} ${what} is told of`, async ({ page }) => {
      await page.route(`**/*.${file}`, answer);
      await page.goto(server.url);
      await saysSo(page, /program did not come/);
    });
  }
}

test("a browser without WebAssembly is told so", async ({ page }) => {
  await page.addInitScript(() => delete (window as any).WebAssembly);
  await page.goto(server.url);
  const told = page.getByRole("dialog");
  await expect(told).toContainText("WebAssembly");
  await expect(told.getByRole("link", { name: "/events/recent" })).toBeVisible();
});

test("a program that takes long is told of, and comes", async ({ page }) => {
  await page.clock.install();
  let go = () => {};
  const later = new Promise<void>((resolve) => (go = resolve));
  await page.route("**/*.wasm", async (route) => (await later, route.continue()));
  await page.goto(server.url);
  await page.clock.fastForward(21_000);
  await expect(page.getByRole("dialog")).toContainText("20 seconds");
  await page.clock.resume();
  go();
  await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "live");
  await expect(page.getByRole("dialog")).toBeHidden();
});
