// How heavy the page is: every file that index.html names, as a browser gets it.

import { get } from "node:http";

import { figure } from "../figures.ts";
import type { Measurement } from "../row.ts";

/** The bytes of a file as they travel, and what it says. */
function fetched(url: string, encoding: string): Promise<{ bytes: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { headers: { "accept-encoding": encoding } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        const body = Buffer.concat(parts);
        if (answer.statusCode === 200) resolve({ bytes: body.length, text: String(body) });
        else reject(new Error(`${url} was answered ${answer.statusCode}`));
      });
    });
    asked.on("error", reject);
  });
}

export const weight: Measurement = {
  name: "weight",
  seconds: 5,
  goals: [{ what: "first load, brotli, everything", must: "≤ 300 KB", aims: "≤ 240 KB" }],
  async measure({ server }) {
    const { text } = await fetched(`${server.url}/`, "identity");
    const named = text.matchAll(/['"=](?:\.?\/)?([\w-][\w.-]*\.(?:js|wasm|css|svg|png|woff2))\b/g);
    const paths = ["/", ...new Set([...named].map(([, path]) => `/${path}`))];
    const weights = await Promise.all(paths.map(async (path) => ({ path, ...(await fetched(server.url + path, "br")) })));
    const whole = weights.reduce((sum, { bytes }) => sum + bytes, 0);
    const heaviest = weights.reduce((one, other) => (one.bytes > other.bytes ? one : other));
    const kind = heaviest.path.split(".").at(-1);
    return [{ measured: `${figure(whole / 1_000)} KB in ${paths.length} files, ${figure(heaviest.bytes / 1_000)} KB of it the .${kind}` }];
  },
};
