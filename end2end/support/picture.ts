// Pictures of the documentation: WebP, which the browser encodes, so that nothing has to be installed for it.

import type { Page } from "@playwright/test";

/** Most bytes of a picture. */
const BYTES_MAX = 250_000;

/** A picture as WebP, as good as fits. */
export async function compressed(page: Page, png: Buffer): Promise<Buffer> {
  for (const quality of [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]) {
    const data = await page.evaluate(
      async ({ png, quality }) => {
        const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
        canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
        return canvas.toDataURL("image/webp", quality).split(",")[1];
      },
      { png: png.toString("base64"), quality },
    );
    const file = Buffer.from(data, "base64");
    if (file.length <= BYTES_MAX) return file;
  }
  throw new Error(`a picture takes more than ${BYTES_MAX} bytes at the lowest quality: take a smaller one`);
}
