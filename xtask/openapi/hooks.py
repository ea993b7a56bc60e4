"""What schemathesis has to be told: how NDJSON is written."""

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    return value.encode("utf-8") if isinstance(value, str) else str(value).encode("utf-8")
