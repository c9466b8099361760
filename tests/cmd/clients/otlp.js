// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Usage: node otlp.js http|proto URL gzip|none COUNT: sends traces of two spans by OpenTelemetry's SDK.
"use strict";
const { NodeTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { resourceFromAttributes } = require("@opentelemetry/resources");

const [kind, url, compression, count] = process.argv.slice(2);
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-" + kind);
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "npm-" + kind }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, compression }))],
});
provider.register();
const tracer = provider.getTracer("test", "1.2.3");
const { trace, context, SpanKind, SpanStatusCode } = require("@opentelemetry/api");

for (let i = 0; i < Number(count); i++) {
  const root = tracer.startSpan("GET", { kind: SpanKind.SERVER, attributes: {
    "http.request.method": "GET", "url.path": "/users/" + i, "http.response.status_code": 200 } });
  const inside = trace.setSpan(context.active(), root);
  const child = tracer.startSpan("SELECT users", { kind: SpanKind.CLIENT, attributes: {
    "db.system.name": "postgresql", list: ["a", "b"], share: 0.5, n: -7, yes: true } }, inside);
  child.addEvent("retry", { attempt: i });
  if (i % 4 === 0) child.setStatus({ code: SpanStatusCode.ERROR, message: "no such table" });
  child.end();
  root.end();
}
provider.forceFlush().then(() => provider.shutdown()).catch((e) => {
  console.error(e);
  process.exitCode = 1;
});
