// All measurements, in the order of the table, and the choice among them: `ARCANE_ROWS=latency,soak`.

import type { Measurement } from "./row.ts";
import { burst } from "./rows/burst.ts";
import { crowd } from "./rows/crowd.ts";
import { frames } from "./rows/frames.ts";
import { inversions } from "./rows/inversions.ts";
import { journeys } from "./rows/journeys.ts";
import { latency } from "./rows/latency.ts";
import { lighthouse } from "./rows/lighthouse.ts";
import { paint } from "./rows/paint.ts";
import { seek } from "./rows/seek.ts";
import { soak } from "./rows/soak.ts";
import { waits } from "./rows/waits.ts";
import { weight } from "./rows/weight.ts";

const all = [weight, paint, latency, crowd(60, 200), crowd(200, 1_000), journeys, frames, burst, soak, inversions, seek, waits, lighthouse];

export function chosen(): Measurement[] {
  const names = process.env.ARCANE_ROWS?.split(",").filter(Boolean);
  const unknown = names?.find((name) => !all.some((one) => one.name === name));
  if (unknown) throw new Error(`there is no row '${unknown}'; there are ${all.map(({ name }) => name).join(", ")}`);
  return all.filter(({ name }) => names?.includes(name) ?? true);
}
