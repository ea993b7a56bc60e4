// Measures, one after the other. Slowness is told and fails nothing; wrong counts and too many inversions do.

import { durable as test, expect } from "../support/test.ts";
import { chosen } from "./measurements.ts";
import { FOUND, type Found } from "./row.ts";

for (const { name, seconds, goals, measure } of chosen()) {
  test(name, async ({ page, server }) => {
    // Twice the time, and a minute for a machine that does something else as well.
    test.setTimeout(2_000 * seconds + 60_000);
    const unmeasured = (why: unknown): Found[] =>
      goals.map(() => ({ measured: `not measured: ${String(why).split("\n")[0]}` }));
    const found = await measure({ page, server }).catch(unmeasured);
    for (const one of found) test.info().annotations.push({ type: FOUND, description: JSON.stringify(one) });
    expect(found.flatMap(({ wrong }) => wrong ?? [])).toEqual([]);
  });
}
