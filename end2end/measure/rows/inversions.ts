// Whatever fails, the picture does not flash: at most one inversion begins in any second.

import { Dashboard } from "../../support/dashboard.ts";
import { counts, stage } from "../counts.ts";
import { figure } from "../figures.ts";
import { load, publish } from "../load.ts";
import type { Measurement } from "../row.ts";
import { failures, summons } from "../work.ts";

/** The most that began within any second. */
const most = (times: number[]): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));

export const inversions: Measurement = {
  name: "inversions",
  seconds: 20,
  goals: [{ what: "inversions a second, at 200 failures/s for 10 s", must: "≤ 1", aims: "≤ 1" }],
  async measure({ page, server }) {
    await new Dashboard(page).open(server.url);
    await publish(server.url, summons());
    await page.waitForTimeout(1_000);
    const reached = await load(server.url, 200, 10, failures());
    const exact = await counts(page, server, reached.last);
    const { inversions_total, inversion_times_ms } = await stage(page);
    const at_most = most(inversion_times_ms);
    const measured = `at most ${at_most}, ${inversions_total} in all (${figure(reached.rate)} failures/s)`;
    const wrong = [at_most > 1 ? measured : [], exact.wrong ?? []].flat().join("; ");
    return [{ measured, wrong: wrong || undefined }];
  },
};
