import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import { connect } from "node:net";

/** Stands before a server and hands it what is asked for below a path, with more headers. */
export async function below(path: string, url: string, more: Record<string, string> = {}): Promise<{ proxy: Server; url: string; strays: string[] }> {
  const to = new URL(url);
  const strays: string[] = [];
  const upstream = (asked: string) => (asked.startsWith(path) ? asked.slice(path.length - 1) : (strays.push(asked), "/nothing-here"));
  const proxy = createServer((asked, answer) => {
    const headers = { ...asked.headers, host: to.host, ...(asked.headers.origin ? { origin: to.origin } : {}), ...more };
    const passed = request({ host: to.hostname, port: to.port, path: upstream(asked.url!), method: asked.method, headers }, (got) => {
      answer.writeHead(got.statusCode!, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  proxy.on("upgrade", (asked, socket, head) => {
    const passed = connect(Number(to.port), to.hostname, () => {
      const headers = { ...asked.headers, host: to.host, ...(asked.headers.origin ? { origin: to.origin } : {}), ...more };
      passed.write(`GET ${upstream(asked.url!)} HTTP/1.1\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
      passed.write(head);
      socket.pipe(passed).pipe(socket);
    });
    for (const one of [socket, passed]) one.on("error", () => (socket.destroy(), passed.destroy()));
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return { proxy, url: `http://127.0.0.1:${(proxy.address() as any).port}${path}`, strays };
}
