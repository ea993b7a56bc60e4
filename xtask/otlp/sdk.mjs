// The official OpenTelemetry SDK for JavaScript, exporting to a server: node sdk.mjs URL json|protobuf
import { diag, DiagLogLevel, SpanStatusCode, trace, context } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { LoggerProvider, BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader, AggregationTemporality } from '@opentelemetry/sdk-metrics';
import * as jsonTraces from '@opentelemetry/exporter-trace-otlp-http';
import * as protoTraces from '@opentelemetry/exporter-trace-otlp-proto';
import * as jsonLogs from '@opentelemetry/exporter-logs-otlp-http';
import * as protoLogs from '@opentelemetry/exporter-logs-otlp-proto';
import * as jsonMetrics from '@opentelemetry/exporter-metrics-otlp-http';
import * as protoMetrics from '@opentelemetry/exporter-metrics-otlp-proto';

const [url, encoding] = process.argv.slice(2);
const [traces, logs, metrics] = encoding === 'json' ? [jsonTraces, jsonLogs, jsonMetrics] : [protoTraces, protoLogs, protoMetrics];
let errors = 0;
const complain = (...what) => { errors += 1; console.error('ERROR', ...what); };
diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

const resource = resourceFromAttributes({ 'service.name': 'js-crew', 'host.name': 'nobody-may-know', 'service.instance.id': encoding });
const compression = encoding === 'json' ? 'none' : 'gzip';
const to = path => ({ url: `${url}${path}`, compression });
const spans = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new traces.OTLPTraceExporter(to('/v1/traces')))] });
const records = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new logs.OTLPLogExporter(to('/v1/logs')) })] });
const temporalityPreference = encoding === 'json' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
const reader = new PeriodicExportingMetricReader({ exporter: new metrics.OTLPMetricExporter({ ...to('/v1/metrics'), temporalityPreference }), exportIntervalMillis: 60_000 });
const meters = new MeterProvider({ resource, readers: [reader] });

const tracer = spans.getTracer('sdk'), name = `js ${encoding}`, talk = { 'gen_ai.conversation.id': `js-${encoding}`, 'gen_ai.agent.name': name };
const agent = tracer.startSpan(`invoke_agent ${name}`, { attributes: { 'gen_ai.operation.name': 'invoke_agent', ...talk } });
const within = trace.setSpan(context.active(), agent);
const usage = { 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 20 };
tracer.startSpan('chat m', { attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm', 'gen_ai.input.messages': 'nobody-may-know', ...usage, ...talk } }, within).end();
const tool = tracer.startSpan('execute_tool search', { attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', ...talk } }, within);
tool.recordException(new Error('nobody-may-know'));
tool.setStatus({ code: SpanStatusCode.ERROR, message: 'took too long' });
tool.end();
agent.end();
const body = { a: ['nobody-may-know', 1, null, { b: true }] };
records.getLogger('sdk').emit({ eventName: 'gen_ai.client.inference.operation.details', body, attributes: { 'gen_ai.response.id': 'r', ...usage, ...talk } });
const tokens = meters.getMeter('sdk').createHistogram('gen_ai.client.token.usage', { unit: '{token}' });
tokens.record(100, { 'gen_ai.token.type': 'input', 'gen_ai.agent.name': name });
tokens.record(20, { 'gen_ai.token.type': 'output', 'gen_ai.agent.name': name });
meters.getMeter('sdk').createCounter('requests').add(1, { list: ['a', 'b'] });
for (const provider of [spans, records, meters]) {
  await provider.forceFlush();
  await provider.shutdown();
}
process.exit(errors ? 1 : 0);
