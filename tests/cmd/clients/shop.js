// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// An order by its number, from PostgreSQL: nothing in here knows of tracing.
const http = require("http");
const { Pool } = require("pg");
const [port, database] = process.argv.slice(2).map(Number);
const pool = new Pool({ host: "127.0.0.1", port: database, user: "postgres", max: 8 });

http.createServer(async (request, reply) => {
  const number = Number(request.url.split("/").pop()) || 0;
  try {
    const found = await pool.query("select id, name from orders where id = $1", [number % 100]);
    reply.statusCode = found.rows.length ? 200 : 404;
    reply.end(JSON.stringify(found.rows));
  } catch (problem) {
    reply.statusCode = 500;
    reply.end(String(problem));
  }
}).listen(port, "127.0.0.1");
