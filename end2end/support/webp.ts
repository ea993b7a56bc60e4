import type { Page } from "@playwright/test";

// A moving picture of a page, as an animated WebP: the browser encodes the pictures, and what is put together here is the file around them
// (https://developers.google.com/speed/webp/docs/riff_container). So nothing has to be installed for it.

/** A picture of the whole page, as PNG, and when it was taken, milliseconds. */
export interface Shot {
  png: Buffer;
  at_ms: number;
}

/** What of a picture differs from the one before it, as a WebP of its own. */
interface Change {
  x: number;
  y: number;
  width: number;
  height: number;
  webp: Buffer;
}

/** Makes a moving picture that repeats for ever, of at most so many bytes: as good as fits. The page is used for encoding, and must not be busy. */
export async function animated(page: Page, shots: Shot[], bytesMax: number): Promise<{ file: Buffer; quality: number }> {
  let least = Infinity;
  for (const quality of [0.85, 0.75, 0.65, 0.55, 0.45, 0.35]) {
    const file = await encoded(page, shots, quality);
    if (file.length <= bytesMax) return { file, quality };
    least = file.length;
  }
  throw new Error(`${shots.length} pictures take ${least} bytes at the lowest quality, and ${bytesMax} are allowed: take fewer or smaller ones`);
}

async function encoded(page: Page, shots: Shot[], quality: number): Promise<Buffer> {
  const mean = shots.length > 1 ? (shots[shots.length - 1].at_ms - shots[0].at_ms) / (shots.length - 1) : 1_000;
  const frames: Buffer[] = [];
  let last: { change: Change; from: number } | undefined;
  const end = (at: number) => last && frames.push(frame(last.change, at - last.from));
  const size = { width: 0, height: 0 };
  for (const shot of shots) {
    const change = await changed(page, shot.png, quality, shot === shots[0]);
    if (!change) continue;
    end(shot.at_ms);
    size.width = Math.max(size.width, change.x + change.width);
    size.height = Math.max(size.height, change.y + change.height);
    last = { change, from: shot.at_ms };
  }
  end(shots[shots.length - 1].at_ms + mean);
  // VP8X: it moves, and how large it is. ANIM: on black, for ever.
  const head = chunk("VP8X", Buffer.concat([Buffer.from([0x02, 0, 0, 0]), u24(size.width - 1), u24(size.height - 1)]));
  const body = Buffer.concat([Buffer.from("WEBP"), head, chunk("ANIM", Buffer.from([0, 0, 0, 0xff, 0, 0])), ...frames]);
  return chunk("RIFF", body);
}

/** What has changed since the picture before it; nothing: `undefined`. */
async function changed(page: Page, png: Buffer, quality: number, isFirst: boolean): Promise<Change | undefined> {
  const found = await page.evaluate(
    async ({ png, quality, isFirst }) => {
      const kept = globalThis as unknown as { before?: Uint32Array };
      const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const { width, height } = bitmap;
      const canvas = new OffscreenCanvas(width, height);
      const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true })!;
      context.drawImage(bitmap, 0, 0);
      const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
      const before = isFirst ? undefined : kept.before;
      kept.before = pixels;
      let [left, top, right, bottom] = before ? [width, height, 0, 0] : [0, 0, width, height];
      if (before) {
        for (let at = 0; at < pixels.length; at += 1) {
          if (pixels[at] === before[at]) continue;
          const [x, y] = [at % width, Math.floor(at / width)];
          left = Math.min(left, x);
          right = Math.max(right, x + 1);
          top = Math.min(top, y);
          bottom = Math.max(bottom, y + 1);
        }
      }
      if (left >= right) return undefined;
      // A frame's place is counted in pairs of pixels.
      [left, top] = [left & ~1, top & ~1];
      const cut = new OffscreenCanvas(right - left, bottom - top);
      cut.getContext("2d", { alpha: false })!.drawImage(bitmap, -left, -top);
      const webp = new Uint8Array(await (await cut.convertToBlob({ type: "image/webp", quality })).arrayBuffer());
      let text = "";
      for (let at = 0; at < webp.length; at += 0x8000) text += String.fromCharCode(...webp.subarray(at, at + 0x8000));
      return { x: left, y: top, width: cut.width, height: cut.height, webp: btoa(text) };
    },
    { png: png.toString("base64"), quality, isFirst },
  );
  return found && { ...found, webp: Buffer.from(found.webp, "base64") };
}

/** A frame of the file: where, how large, how long, and that it covers what was there. */
function frame(change: Change, duration_ms: number): Buffer {
  const place = [change.x / 2, change.y / 2, change.width - 1, change.height - 1, Math.round(duration_ms)];
  const covers = Buffer.from([0x02]);
  return chunk("ANMF", Buffer.concat([...place.map(u24), covers, ...pictures(change.webp)]));
}

/** The parts of a still WebP that are pixels. */
function pictures(webp: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 12; at + 8 <= webp.length; ) {
    const end = at + 8 + webp.readUInt32LE(at + 4);
    const name = webp.toString("latin1", at, at + 4);
    if (["ALPH", "VP8 ", "VP8L"].includes(name)) parts.push(chunk(name, webp.subarray(at + 8, end)));
    at = end + (end % 2);
  }
  return parts;
}

/** A part of the file, of even length. */
function chunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, "latin1");
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

function u24(value: number): Buffer {
  const bytes = Buffer.alloc(3);
  bytes.writeUIntLE(value, 0, 3);
  return bytes;
}
