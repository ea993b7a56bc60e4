// The official SDK of the Model Context Protocol for JavaScript as a client: node sdk.mjs BINARY URL stdio|http
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [binary, url, kind] = process.argv.slice(2);
let errors = 0;
const complain = (...what) => { errors += 1; console.error('ERROR', ...what); };
const check = (is, ...what) => { if (!is) complain(...what); };
const name = `js-${kind}`;
const transport = kind === 'stdio'
  ? new StdioClientTransport({ command: binary, args: ['mcp', '--url', url, '--daemon', name], stderr: 'pipe' })
  : new StreamableHTTPClientTransport(new URL(`${url}/mcp?daemon=${name}`));
transport.stderr?.on('data', text => complain('on standard error:', String(text)));
const client = new Client({ name: 'sdk', version: '1' });
client.onerror = error => complain(error);
await client.connect(transport);
const { tools } = await client.listTools();
check(tools.map(tool => tool.name).join() === 'summon,invoke,speak,banish,query', tools);
const call = (tool, given = {}) => client.callTool({ name: tool, arguments: given });
await call('summon', { model: 'm' });
const begun = await call('invoke', { task: 'cargo test', state: 'begin' });
await call('invoke', { task: 'cargo test', call_id: begun.structuredContent.call_id, execution_time: 1.5 });
await call('speak', { text: 'Which branch?', waiting: true });
const waiting = await call('query', { what: 'waiting' });
check(waiting.structuredContent.waiting.some(one => one.daemon_name === name), waiting);
const wrong = await call('invoke', { task: 5 });
check(wrong.isError && wrong.content[0].text.startsWith('task: must be a string'), wrong);
const unknown = await call('no-such-tool').catch(error => error);
check(String(unknown.message).includes('there is no tool'), unknown);
await call('banish');
await client.close();
process.exit(errors ? 1 : 0);
