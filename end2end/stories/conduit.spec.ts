import { test } from "../support/configured.ts";
import { expect } from "../support/test.ts";

test("a real program's output answers the spell that asked for it", async ({ dashboard }) => {
  await dashboard.cast("summon historian");
  await dashboard.hasCircles("historian");
  await dashboard.cast("ask historian to tell the latest");
  await expect(dashboard.row("invoke", "historian")).toHaveAttribute("data-success", "true");
  await expect(dashboard.row("invoke", "historian")).toContainText("tell the latest");
  await expect(dashboard.row("reveal", "historian")).toHaveCount(0);
  // A commit's short hash at the beginning of a line.
  await expect(dashboard.feedback).toContainText(/\b[0-9a-f]{7,}\b/);
  await dashboard.cast("banish historian");
  await dashboard.hasCircles();
});

test("a program that fails is a failure with its reason", async ({ dashboard }) => {
  await dashboard.cast("summon pessimist");
  await dashboard.hasCircles("pessimist");
  await dashboard.cast("ask pessimist to look ahead");
  await expect(dashboard.feedback).toContainText("exit status: 128");
  await expect(dashboard.row("invoke", "pessimist")).toHaveAttribute("data-success", "false");
});
