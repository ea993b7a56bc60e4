/** How a reader joins, and what it does. */
export interface Part {
  name: string;
  /** After how many batches it joins. */
  joins: number;
  /** The spells that it wants; all if it names none. */
  spells?: string[];
  /** What it says, or that it comes back with a new connection, once it was told so many messages more. */
  acts?: [after: number, act: object | "reopen"][];
}

/** A stream, and who reads it. */
export interface Plan {
  url: string;
  /** What is published one after the other. */
  batches: object[][];
  /** How many events the parts themselves publish. */
  published_by_parts: number;
  parts: Part[];
}

/** What one connection was told. */
export interface Read {
  name: string;
  extensions: string;
  texts: string[];
  /** The spells that it wanted: at first, and after each `filtered`. */
  filters: string[][];
  /** It was told everything up to here that it wanted. */
  until: number;
}

/**
 * Publishes a stream while its readers come and go. Everything that it needs is inside: it also runs in pages, to which
 * it is handed as text.
 */
export async function play(plan: Plan, connect = (url: string): WebSocket => new WebSocket(url)): Promise<Read[]> {
  const reads: Read[] = [];
  const waiting = new Set<() => void>();
  let broken: string | undefined;
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (broken === undefined && !condition()) return;
        waiting.delete(look);
        if (broken === undefined) resolve();
        else reject(new Error(broken));
      };
      waiting.add(look);
      look();
    });
  const look = () => [...waiting].forEach((look) => look());

  const publish = async (events: object[]): Promise<number> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${plan.url}/events`, { method: "POST", headers, body: JSON.stringify(events) });
    if (response.status !== 201) throw new Error(await response.text());
    return (await response.json()).events.at(-1).seq;
  };

  const open = async (part: Part, acts: [number, object | "reopen"][]): Promise<void> => {
    const filter = part.spells ? `&spell=${part.spells}` : "";
    const socket = connect(`${plan.url.replace("http", "ws")}/ws/events?recent=0${filter}`);
    const read: Read = { name: part.name, extensions: "", texts: [], filters: [part.spells ?? []], until: 0 };
    reads.push(read);
    let [next, ...later] = acts;
    let at = 0;
    socket.onmessage = ({ data }) => {
      read.texts.push(data);
      read.extensions = socket.extensions;
      const message = JSON.parse(data);
      if (message.spell_name || message.type === "connection") read.until = message.seq;
      while (next && read.texts.length >= at + next[0]) {
        const act = next[1];
        at = read.texts.length;
        [next, ...later] = later;
        if (act === "reopen") {
          socket.onmessage = socket.onclose = null;
          socket.close(1000);
          void open(part, next ? [next, ...later] : []);
          break;
        }
        if ((act as any).type === "filter") read.filters.push((act as any).spell ?? []);
        socket.send(JSON.stringify(act));
      }
      look();
    };
    socket.onclose = ({ code, reason }) => {
      broken ??= `${part.name}: closed with ${code} ${reason} after ${read.texts.length} messages`;
      look();
    };
    await until(() => read.texts.length > 0);
  };

  // The latest connection of a part counts.
  const reached = (part: Part, seq: number) => until(() => reads.findLast((read) => read.name === part.name)!.until >= seq);
  let total = plan.published_by_parts;
  for (const [n, batch] of plan.batches.entries()) {
    for (const part of plan.parts.filter((part) => part.joins === n)) await open(part, part.acts ?? []);
    const seq = await publish(batch);
    total += batch.length;
    // Sometimes they fall behind, sometimes they have caught up.
    if (n % 3 === 0) await reached(plan.parts[0], seq);
  }
  await reached(plan.parts[0], total);
  // Passes every filter.
  const end = await publish([{ spell_name: "invoke", daemon_name: "claude", description: "the end" }]);
  await Promise.all(plan.parts.map((part) => reached(part, end)));
  return reads;
}
