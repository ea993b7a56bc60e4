"""The official OpenTelemetry SDK for Python, exporting to a server: sdk.py URL"""

import logging
import sys

from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode


class Complaints(logging.Handler):
    """Everything that the SDK warns of."""

    count = 0

    def emit(self, record):
        Complaints.count += 1
        print("ERROR", record.getMessage(), file=sys.stderr)


def main(url):
    logging.getLogger().addHandler(Complaints(level=logging.WARNING))
    resource = Resource.create({"service.name": "python-crew", "host.name": "nobody-may-know"})
    spans = TracerProvider(resource=resource)
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces", compression=Compression.Gzip)))
    records = LoggerProvider(resource=resource)
    records.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{url}/v1/logs")))
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}/v1/metrics"), export_interval_millis=60_000)
    meters = MeterProvider(resource=resource, metric_readers=[reader])

    talk = {"gen_ai.conversation.id": "python", "gen_ai.agent.name": "python agent"}
    usage = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}
    tracer = spans.get_tracer("sdk")
    with tracer.start_as_current_span("invoke_agent", attributes={"gen_ai.operation.name": "invoke_agent", **talk}):
        chat = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": "nobody-may-know", **usage, **talk}
        with tracer.start_as_current_span("chat m", attributes=chat):
            pass
        tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", **talk}
        with tracer.start_as_current_span("execute_tool search", attributes=tool) as span:
            span.record_exception(ValueError("nobody-may-know"))
            span.set_status(Status(StatusCode.ERROR, "took too long"))
    event = "gen_ai.client.inference.operation.details"
    body = {"a": ["nobody-may-know", 1, {"b": True}]}
    records.get_logger("sdk").emit(LogRecord(event_name=event, body=body, attributes={"gen_ai.response.id": "r", **usage, **talk}))
    tokens = meters.get_meter("sdk").create_histogram("gen_ai.client.token.usage", unit="{token}")
    for kind, count in (("input", 100), ("output", 20)):
        tokens.record(count, {"gen_ai.token.type": kind, "gen_ai.agent.name": "python agent"})
    for provider in (spans, records, meters):
        provider.force_flush()
        provider.shutdown()
    return 1 if Complaints.count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
