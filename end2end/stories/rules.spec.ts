// Rules answer for a person: suggested on the card once something was allowed often enough, and told in the chronicle.

import { allowed, hook, permission, test } from "../support/asks.ts";
import { expect } from "../support/test.ts";

const tests = (session: string): object => permission({ command: "cargo test --lib" }, { session_id: session });

test("what was allowed five times is allowed always, and the chronicle names the rule", async ({ dashboard, server, page }) => {
  const card = page.getByTestId("card");
  for (let n = 0; n < 5; n += 1) {
    const hears = hook(server, tests(`5f0a1b2c-000${n}`));
    await expect(page.getByTestId("wait-pill")).toBeVisible();
    await page.keyboard.press("a");
    await page.locator("[data-option=allow]").click();
    expect(await hears).toEqual({ status: 200, body: allowed });
    await expect(page.getByTestId("card-over")).toHaveText("You allowed it: claude goes on.");
    if (n < 4) {
      await expect(page.getByTestId("card-always")).toHaveCount(0);
      await page.keyboard.press("Escape");
      await expect(card).toBeHidden();
    }
  }
  await expect(page.getByTestId("card-always")).toContainText("You allowed `cargo test --lib` 5 times: always, for this project?");
  await page.getByTestId("always").click();
  await expect(page.getByTestId("card-over")).toHaveText("From now on the rule “cargo test --lib in webshop” answers that; `arcane rules remove` takes it back.");
  await page.keyboard.press("Escape");
  await expect(card).toBeHidden();
  // From here on nobody is called.
  expect(await hook(server, tests("5f0a1b2c-0009"))).toEqual({ status: 200, body: allowed });
  await expect(dashboard.rows.filter({ hasText: "granted by the ward cargo test --lib in webshop" })).toHaveCount(1);
  await expect(page.getByTestId("wait-pill")).toBeHidden();
  // What differs in a word that matters is asked.
  const other = hook(server, permission({ command: "cargo test --lib; rm -rf /" }, { session_id: "5f0a1b2c-0010" }));
  await expect(page.getByTestId("wait-pill")).toBeVisible();
  await page.keyboard.press("a");
  await page.locator("[data-option=deny]").click();
  expect((await other).body.hookSpecificOutput.decision).toEqual({ behavior: "deny" });
});
