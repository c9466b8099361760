// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);

  function make(tag, className, text) {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  // Three significant digits, as in the terminal.
  function duration(ms) {
    if (ms === 0) return "0 s";
    const units = [["s", 1000], ["ms", 1], ["us", 0.001]];
    const [unit, size] = units.find(([, s]) => ms >= s * 0.9995) || units[2];
    const n = ms / size;
    return (n >= 99.95 ? n.toFixed(0) : n >= 9.995 ? n.toFixed(1) : n.toFixed(2)) + " " + unit;
  }

  const colours = new Map();
  function colour(service) {
    if (!colours.has(service)) colours.set(service, `var(--c${colours.size % 6})`);
    return colours.get(service);
  }

  function table(where, rows, what) {
    const head = make("tr");
    for (const t of [what, "count", "rate", "errors", "p50", "p95", "p99", "max"])
      head.append(make("th", "", t));
    const thead = make("thead");
    thead.append(head);
    const tbody = make("tbody");
    const several = new Set(rows.map((r) => r.service)).size > 1;
    for (const r of rows) {
      const tr = make("tr");
      tr.append(make("td", "", (several && r.service ? r.service + ": " : "") +
        (r.kind && (what === "spans" || r.kind !== "server") ? r.kind + " " : "") + r.operation));
      tr.append(make("td", "", String(r.count)));
      tr.append(make("td", "", r.rate.toFixed(r.rate >= 99.95 ? 0 : r.rate >= 9.995 ? 1 : 2) + "/s"));
      tr.append(make("td", r.errors ? "bad" : "",
        (100 * r.errors / r.count).toFixed(1) + " %" + (r.errors ? " ✗" : "")));
      for (const k of ["p50", "p95", "p99", "max"]) tr.append(make("td", "", duration(r[k])));
      tbody.append(tr);
    }
    where.replaceChildren(thead, tbody);
  }

  function detail(trace, span) {
    const list = make("dl");
    const add = (k, v) => list.append(make("dt", "", k), make("dd", "", v));
    add("service", span.service);
    add("kind", span.kind);
    add("begins", "+" + duration(Math.max(0, span.start)));
    if (span.split)
      for (const [k, ms] of span.split) if (ms > 0) add("time: " + k, duration(ms));
    for (const [k, v] of span.attributes) add(k, v);
    add("span id", span.id);
    const e = make("div", "detail");
    e.append(list);
    return e;
  }

  /* What took a tenth of it or more, most first. */
  function why(span) {
    const parts = span.split.filter(([, ms]) => ms > 0 && ms >= span.ms / 10);
    parts.sort((a, b) => b[1] - a[1]);
    return make("span", "why", parts.map(([k, ms]) => k + " " + duration(ms)).join(" · "));
  }

  function spans(trace) {
    const box = make("div", "spans");
    const axis = make("div", "axis");
    axis.append(make("span", "", "0"), make("span", "", duration(trace.length)));
    box.append(axis);
    for (const s of trace.spans) {
      const row = make("button", "span");
      row.setAttribute("aria-expanded", "false");
      const what = make("span", "what");
      what.style.paddingLeft = Math.min(s.depth, 12) * 12 + "px";
      what.title = s.service + ": " + s.operation;
      what.append(make("span", "who", s.who + " "), document.createTextNode(s.operation));
      const rail = make("span", "rail"), bar = make("span", "bar");
      const full = trace.length || 1;
      bar.style.left = 100 * Math.max(0, s.start) / full + "%";
      bar.style.width = 100 * s.ms / full + "%";
      bar.style.background = s.error ? "var(--error)" : colour(s.who);
      rail.append(bar);
      row.append(what, rail, make("span", s.error ? "ms bad" : "ms",
        duration(s.ms) + (s.error ? " ✗" : "")));
      if (s.split) row.append(why(s));
      row.addEventListener("click", () => {
        const open = row.getAttribute("aria-expanded") === "true";
        row.setAttribute("aria-expanded", String(!open));
        if (open) row.nextSibling.remove();
        else row.after(detail(trace, s));
      });
      box.append(row);
    }
    if (trace.more) box.append(make("p", "empty", trace.more + " more spans"));
    return box;
  }

  function entry(trace) {
    const li = make("li", "trace"), head = make("button");
    head.setAttribute("aria-expanded", "false");
    head.append(make("span", "op", trace.operation),
      make("span", trace.error ? "bad" : "", trace.error ? "✗ error" : ""),
      make("span", "ms", duration(trace.ms)),
      make("span", "id", trace.id + " · " + trace.time + " · " + trace.count +
        (trace.count === 1 ? " span" : " spans")));
    head.addEventListener("click", () => {
      const open = head.getAttribute("aria-expanded") === "true";
      head.setAttribute("aria-expanded", String(!open));
      if (open) head.nextSibling.remove();
      else head.after(spans(trace));
    });
    li.append(head);
    return li;
  }

  const texts = data.traces.map((t) => [t.operation, t.id,
    ...t.spans.map((s) => s.service + " " + s.operation)].join("\n").toLowerCase());
  const entries = data.traces.map(entry);

  function show() {
    const wanted = at("search").value.trim().toLowerCase();
    const only = at("errors").getAttribute("aria-pressed") === "true";
    const shown = entries.filter((e, i) => (!only || data.traces[i].error) &&
      (!wanted || texts[i].includes(wanted)));
    at("traces").replaceChildren(...shown);
    at("empty").hidden = shown.length > 0;
    at("found").textContent = `${shown.length} of ${entries.length}`;
  }

  document.title = data.title;
  for (const id of ["title", "about", "quality"]) at(id).textContent = data[id];
  table(at("operations"), data.operations, "operation");
  table(at("inner"), data.inner, "spans");
  at("s-inner").hidden = !data.inner.length;
  at("search").addEventListener("input", show);
  at("errors").addEventListener("click", () => {
    const on = at("errors").getAttribute("aria-pressed") === "true";
    at("errors").setAttribute("aria-pressed", String(!on));
    show();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key === "/" && document.activeElement !== at("search")) {
      at("search").focus();
      e.preventDefault();
    }
  });
  show();
  if (entries.length) entries[0].firstChild.click();
})();
