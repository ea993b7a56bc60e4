// Written by `arcane attach`; `arcane detach opencode` removes it.
// Posts what opencode's bus and its hooks tell to an Arcane server. opencode never waits for it, and nothing that fails here is shown.
import { readFileSync, statSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";

const SAID = {/* said */};
const EVENTS = new Set([
  "session.created", "session.deleted", "session.idle", "session.error", "session.status", "session.compacted",
  "permission.asked", "permission.replied", "question.asked", "question.replied", "question.rejected",
]);
const WAITING_MAX = 256; // what waits beyond that is dropped, the oldest first
const TEXT_CHARS_MAX = 4096; // the server keeps no more of a text
const TIMEOUT_MS = 2000;
const REREAD_MS = 10000;
const HOLD_S = 600; // for so long an answer is waited for

let known = { read: 0 };

// The server: as said, as the environment says, or as `arcane connect` remembers it in a file that its user alone reads.
function server() {
  if (Date.now() - known.read < REREAD_MS) return known;
  const { env } = process;
  let file = {};
  try {
    const config = env.XDG_CONFIG_HOME || join(homedir(), ".config");
    const path = env.ARCANE_CLIENT_CONFIG || join(config, "arcane", "client.toml");
    if ((statSync(path).mode & 0o077) === 0) {
      for (const [, key, value] of readFileSync(path, "utf8").matchAll(/^(url|token) = ("(?:[^"\\]|\\.)*")\s*$/gm)) {
        file[key] = JSON.parse(value);
      }
    }
  } catch { /* nothing is remembered */ }
  const url = (SAID.url || env.ARCANE_URL || file.url || "http://127.0.0.1:8000").replace(/\/+$/, "");
  const token = env.ARCANE_TOKEN || (file.url && file.url.replace(/\/+$/, "") === url ? file.token : undefined);
  known = { read: Date.now(), url, token };
  return known;
}

const waiting = [];
let sending = false;

function post(body) {
  let text;
  try {
    text = JSON.stringify(body, (_, value) =>
      typeof value === "string" && value.length > TEXT_CHARS_MAX ? value.slice(0, TEXT_CHARS_MAX) : value);
  } catch { return; }
  waiting.push([text, Date.now()]);
  if (waiting.length > WAITING_MAX) waiting.shift();
  if (!sending) send();
}

// What opencode asks may be answered from elsewhere, if somebody looks: its own prompt is there meanwhile, and the first answer counts.
async function ask(event, directory, client) {
  try {
    const { url, token } = server();
    const query = new URLSearchParams({ sent_at: String(Date.now()), host: hostname(), hold: String(HOLD_S) });
    if (SAID.room) query.set("room", SAID.room);
    const headers = { "content-type": "application/json" };
    if (token) headers.authorization = `Bearer ${token}`;
    const body = JSON.stringify({ ...event, directory });
    const signal = AbortSignal.timeout((HOLD_S + 5) * 1000);
    const answer = await fetch(`${url}/hooks/opencode?${query}`, { method: "POST", headers, body, signal });
    if (answer.status !== 200) return;
    const { reply } = await answer.json();
    const { id, sessionID } = event.properties;
    await client.postSessionIdPermissionsPermissionId({
      path: { id: sessionID, permissionID: id }, body: { response: reply },
    });
  } catch { /* it is answered where opencode runs */ }
}

// One after the other: the server reads them in the order in which they come.
async function send() {
  sending = true;
  while (waiting.length > 0) {
    const [body, at] = waiting.shift();
    try {
      const { url, token } = server();
      const query = new URLSearchParams({ sent_at: String(at), host: hostname() });
      if (SAID.room) query.set("room", SAID.room);
      const headers = { "content-type": "application/json" };
      if (token) headers.authorization = `Bearer ${token}`;
      await fetch(`${url}/hooks/opencode?${query}`, { method: "POST", headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch { /* a server that is not there costs its events */ }
  }
  sending = false;
}

function isTold(event) {
  if (event.type !== "message.part.updated") return EVENTS.has(event.type);
  const part = event.properties?.part;
  return part?.type === "step-finish" || (part?.type === "tool" && part.state?.status === "error");
}

export const Arcane = async ({ directory, client }) => {
  const hook = (name) => async (input, output) => post({ hook: name, input, output, directory });
  return {
    event: async ({ event }) => {
      if (SAID.answer && event.type === "permission.asked") ask(event, directory, client);
      else if (isTold(event)) post({ ...event, directory });
    },
    "chat.message": hook("chat.message"),
    "tool.execute.before": hook("tool.execute.before"),
    "tool.execute.after": hook("tool.execute.after"),
  };
};
