// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Usage: node instrumented.js PORT URL: answers with 5 bytes, and sends a span of each request to
// URL by OpenTelemetry's SDK, as its documentation sets it up.
"use strict";
const { NodeTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");

const [port, url] = process.argv.slice(2);
new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "instrumented" }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
}).register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
require("http").createServer((q, r) => r.end("hello")).listen(Number(port), "127.0.0.1");
