// A sheet of frames: pictures beside each other in one file, each with its moment.

import type { Page } from "@playwright/test";

/** A picture, and what stands above it. */
export interface Shot {
  title: string;
  png: Buffer;
}

/** Puts pictures beside each other, so many in a row, each so wide, pixels. The page is left at an empty one. */
export async function sheet(page: Page, shots: Shot[], columns: number, wide: number): Promise<Buffer> {
  await page.goto("about:blank");
  const data = await page.evaluate(
    async ({ shots, columns, wide }) => {
      const bitmaps = await Promise.all(
        shots.map(async ({ png }) => createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob())),
      );
      const high = Math.round((bitmaps[0].height / bitmaps[0].width) * wide);
      const rows = Math.ceil(shots.length / columns);
      const canvas = Object.assign(document.createElement("canvas"), { width: columns * (wide + 4), height: rows * (high + 24) });
      const context = canvas.getContext("2d")!;
      context.fillStyle = "#000";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.font = "600 14px sans-serif";
      bitmaps.forEach((bitmap, n) => {
        const [x, y] = [(n % columns) * (wide + 4), Math.floor(n / columns) * (high + 24)];
        context.fillStyle = "#fff";
        context.fillText(shots[n].title, x + 6, y + 17);
        context.imageSmoothingQuality = "high";
        context.drawImage(bitmap, x, y + 24, wide, high);
      });
      return canvas.toDataURL("image/png").split(",")[1];
    },
    { shots: shots.map(({ title, png }) => ({ title, png: png.toString("base64") })), columns, wide },
  );
  return Buffer.from(data, "base64");
}
