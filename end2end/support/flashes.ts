import type { Page } from "@playwright/test";

/** What one frame looked like: relative luminance and share of red, cell by cell. */
export interface Sample {
  at: number;
  light: number[];
  red: number[];
}

export const [COLUMNS, ROWS] = [32, 18];
/** A pair of opposing changes of so much relative luminance is a flash, if the darker state is below `DARK`. */
const CHANGE = 0.1;
const DARK = 0.8;
/** A saturated red. */
const RED = 0.8;

/** Lets the page sample its stage with every frame that it paints, while `window.sampling` says so. */
export async function watchStage(page: Page): Promise<void> {
  await page.addInitScript(
    ([columns, rows]) => {
      const samples: Sample[] = [];
      Object.assign(window, { samples, sampling: false });
      const small = new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true })!;
      small.imageSmoothingQuality = "high";
      const linear = (value: number) => (value <= 0.04045 * 255 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      // The drawing buffer is not preserved: what a frame has painted can be read within its own task only.
      let cleared = false;
      const clear = WebGL2RenderingContext.prototype.clear;
      WebGL2RenderingContext.prototype.clear = function (mask) {
        cleared = true;
        clear.call(this, mask);
      };
      const sample = (at: number) => {
        small.globalCompositeOperation = "copy";
        small.fillStyle = "#0b0b14";
        small.fillRect(0, 0, columns, rows);
        small.globalCompositeOperation = "source-over";
        small.drawImage(document.querySelector<HTMLCanvasElement>("#scene")!, 0, 0, columns, rows);
        const { data } = small.getImageData(0, 0, columns, rows);
        const [light, red]: number[][] = [[], []];
        for (let at = 0; at < data.length; at += 4) {
          const [r, g, b] = [data[at], data[at + 1], data[at + 2]].map(linear);
          light.push(0.2126 * r + 0.7152 * g + 0.0722 * b);
          red.push(r / (r + g + b || 1));
        }
        samples.push({ at, light, red });
      };
      const request = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = (callback) =>
        request((now) => {
          cleared = false;
          callback(now);
          if (cleared && (window as any).sampling) sample(performance.now());
        });
    },
    [COLUMNS, ROWS],
  );
}

/** Everything that was sampled. */
export const samplesOf = (page: Page): Promise<Sample[]> => page.evaluate(() => (window as any).samples);

type Pick = (sample: Sample) => number;
/** Whether a change from one value to another counts. */
type Counts = (from: number, to: number) => boolean;

const lighter: Counts = (from, to) => Math.abs(from - to) >= CHANGE && Math.min(from, to) < DARK;
const redder: Counts = (from, to) => from >= RED !== to >= RED;

/** When a value changed by as much as counts: upwards and downwards in turn. */
function turns(samples: Sample[], pick: Pick, counts: Counts): number[] {
  const found: number[] = [];
  let [low, high, way] = [pick(samples[0]), pick(samples[0]), 0];
  for (const sample of samples) {
    const value = pick(sample);
    [low, high] = [Math.min(low, value), Math.max(high, value)];
    if (way <= 0 && value > low && counts(low, value)) way = 1;
    else if (way >= 0 && value < high && counts(high, value)) way = -1;
    else continue;
    found.push(sample.at);
    [low, high] = [value, value];
  }
  return found;
}

/** How many of these moments lie in the second after one. */
const within = (moments: number[], begun: number) => moments.filter((at) => at >= begun && at < begun + 1000).length;

/** The largest part of all cells that change at least so often within one and the same second. */
function area(samples: Sample[], often: number, pick: (sample: Sample, cell: number) => number, counts: Counts): number {
  const cells = samples[0].light.map((_, cell) => turns(samples, (sample) => pick(sample, cell), counts));
  const begins = [...new Set(cells.flat())];
  const flashing = begins.map((begun) => cells.filter((moments) => within(moments, begun) >= often).length);
  return Math.max(0, ...flashing) / cells.length;
}

/** The mean luminance of the stage. */
export const mean = ({ light }: Sample): number => light.reduce((sum, cell) => sum + cell, 0) / light.length;

/** The most changes of the mean luminance within any second; two make a flash. */
export function changesPerSecond(samples: Sample[]): number {
  const found = turns(samples, mean, lighter);
  return Math.max(0, ...found.map((begun) => within(found, begun)));
}

/** The largest part of the stage that flashes within one second. */
export const flashingArea = (samples: Sample[]): number => area(samples, 2, ({ light }, cell) => light[cell], lighter);

/** The largest part of the stage that becomes a saturated red, or ceases to be one, within one second. */
export const redArea = (samples: Sample[]): number => area(samples, 1, ({ red }, cell) => red[cell], redder);
