// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Usage: node jaeger.js URL COUNT: sends traces of two spans by Jaeger's own client.
"use strict";
const { initTracer } = require("jaeger-client");

const [url, count] = process.argv.slice(2);
const tracer = initTracer({
  serviceName: "npm-jaeger",
  sampler: { type: "const", param: 1 },
  reporter: { collectorEndpoint: url, flushIntervalMs: 200 },
}, { logger: { info() {}, error(m) { console.error(m); process.exitCode = 1; } } });

for (let i = 0; i < Number(count); i++) {
  const root = tracer.startSpan("GET /users/" + i, { tags: { "span.kind": "server" } });
  const child = tracer.startSpan("query", { childOf: root, tags: {
    "span.kind": "client", "db.type": "sql", n: -7, yes: true } });
  child.log({ event: "retry", attempt: i });
  if (i % 4 === 0) child.setTag("error", true);
  child.finish();
  root.finish();
}
tracer.close(() => {});
