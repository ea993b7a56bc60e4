import { expect, test as base } from "@playwright/test";

import { Dashboard } from "../support/dashboard.ts";
import { ArcaneServer } from "../support/server.ts";
import { test } from "../support/test.ts";

base("a demo is there without being asked for, and says that it is one", async ({ page }) => {
  const server = new ArcaneServer(["--demo"]);
  await server.start();
  try {
    const dashboard = new Dashboard(page);
    await dashboard.open(server.url);
    const chip = page.getByTestId("demo");
    await expect(chip).toBeVisible();
    await expect(chip).toHaveText("demo: invented agents");
    await expect(chip).toHaveAttribute("title", /nothing here is yours.*arcane serve, then arcane attach claude/);
    await expect(page).toHaveTitle(/^(\(\d\) )?Arcane demo$/);
    await dashboard.hasCircles("claude", "codex", "gemini", "liquidmetal");
  } finally {
    await server.stop();
  }
});

test("what is no demo does not say that it is one", async ({ dashboard }) => {
  await expect(dashboard.page.getByTestId("demo")).toBeHidden();
});
