// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Draws the profile that is in this page. Names in it come from strangers'
// programs: they reach the page as text only, never as markup.
(() => {
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const NATIVE = 1, WAIT = data.kinds.length - 1;
const KIND_CLASS = ["kernel", "native", "python", "jit", "unknown", "group", "group", "unknown", "wait"];
const KIND_MARK = ["kernel", "", "py", "jit", "", "", "", "", ""];
const { parents, steps: nodeSteps } = data.nodes;
const touch = matchMedia("(pointer: coarse)").matches;
const ROW = touch ? 26 : 20;
const TABLE_ROWS = 300;

const state = {
  thread: -1, on: true, off: true, inverted: false, search: null, focus: null,
  order: data.mode === "off-cpu" ? "total" : "self", selected: null,
};

// ---- numbers ----

function time(ns) {
  const units = [["s", 1e9], ["ms", 1e6], ["us", 1e3], ["ns", 1]];
  const [unit, size] = units.find(u => ns >= u[1]) || units[3];
  const n = ns / size;
  return (n >= 100 || unit === "ns" ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2)) + " " + unit;
}

function percent(part, whole) {
  const n = whole ? 100 * part / whole : 0;
  return (n && n < 0.1 ? "<0.1" : n >= 99.95 ? "100" : n.toFixed(1)) + " %";
}

// ---- the tree that is shown ----

// A node: { step, on, off, total, self, depth, parent, children, x } with x in time units.
function newNode(step, parent) {
  return { step, parent, depth: parent ? parent.depth + 1 : 0, on: 0, off: 0, selfOn: 0, selfOff: 0,
           children: new Map(), list: [], x: 0 };
}

function wanted(sample) {
  return (state.thread < 0 || sample[1] === state.thread) && (sample[2] ? state.off : state.on);
}

function child(node, step) {
  let found = node.children.get(step);
  if (!found)
    node.children.set(step, found = newNode(step, node));
  return found;
}

function stepsOf(leaf) {
  const path = [];
  for (let at = leaf; at > 0; at = parents[at])
    path.push(nodeSteps[at]);
  return path;
}

function build() {
  const root = newNode(-1, null);
  for (const sample of data.samples) {
    if (!wanted(sample))
      continue;
    const path = stepsOf(sample[0]), off = sample[2], ns = sample[4];
    if (!state.inverted)
      path.reverse();
    let node = root;
    off ? node.off += ns : node.on += ns;
    for (const step of path) {
      node = child(node, step);
      off ? node.off += ns : node.on += ns;
    }
    off ? node.selfOff += ns : node.selfOn += ns;
  }
  settle(root);
  return root;
}

// Totals, and children side by side, most time first. No recursion: stacks may be deep.
function settle(root) {
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop();
    node.total = node.on + node.off;
    node.list = [...node.children.values()];
    for (const c of node.list)
      c.total = c.on + c.off;
    node.list.sort((a, b) => b.total - a.total || a.step - b.step);
    let x = node.x;
    for (const c of node.list) {
      c.x = x;
      x += c.total;
      waiting.push(c);
    }
  }
}

// By function: a stack counts once for each, however often it is on it.
function totals() {
  const rows = new Map();
  for (const sample of data.samples) {
    if (!wanted(sample))
      continue;
    const seen = new Set();
    let first = true;
    for (const step of stepsOf(sample[0])) {
      const kind = data.steps[step][1];
      if (kind > 4)
        continue;
      let row = rows.get(step);
      if (!row)
        rows.set(step, row = { step, self: 0, total: 0 });
      if (first)
        row.self += sample[4];
      first = false;
      if (!seen.has(step))
        row.total += sample[4];
      seen.add(step);
    }
  }
  return [...rows.values()];
}

// ---- drawing ----

const canvas = $("canvas"), graph = $("graph"), context = canvas.getContext("2d");
let root, rows, colours, width = 0, height = 0, depth = 0, drawQueued = false;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const get = name => style.getPropertyValue("--" + name).trim();
  colours = { ink: get("frame-ink"), wait: get("wait-ink"), page: get("page"), match: get("match"),
              group: get("group"), accent: get("accent") };
  for (const kind of ["native", "python", "kernel", "jit", "unknown"])
    for (const where of ["on", "off"])
      colours[where + "-" + kind] = get(where + "-" + kind);
  colours["off-wait"] = colours["on-wait"] = get("off-wait");
  colours["on-group"] = colours["off-group"] = colours.group;
}

// Neighbours of one kind differ a little, the same function everywhere alike.
const shades = new Map();
function shade(step) {
  let n = shades.get(step);
  if (n === undefined) {
    n = 0;
    for (const c of data.steps[step][0])
      n = (n * 31 + c.codePointAt(0)) >>> 0;
    shades.set(step, n = (n % 7) * 0.028);
  }
  return n;
}

function matches(step) {
  return step >= 0 && state.search !== null && data.steps[step][0].toLowerCase().includes(state.search);
}

// What is zoomed into fills the width; its callers are above it, as wide as the page.
function span(node) {
  const focus = state.focus || root;
  if (node.depth <= focus.depth) {
    for (let at = focus; at; at = at.parent)
      if (at === node)
        return [0, width];
    return null;
  }
  const scale = width / focus.total;
  return [(node.x - focus.x) * scale, node.total * scale];
}

function part(x, y, w, colour, step) {
  context.fillStyle = colour;
  context.fillRect(x, y, w, ROW - 1);
  context.fillStyle = "rgba(0,0,0," + shade(step) + ")";
  context.fillRect(x, y, w, ROW - 1);
}

function label(node, x, y, w, wait) {
  const step = data.steps[node.step], mark = KIND_MARK[step[1]];
  const from = Math.max(x, 0), room = Math.min(x + w, width) - from - 8;
  if (room < 16)
    return;
  let text = step[0];
  const full = mark ? text + "  " + mark : text;
  if (context.measureText(full).width <= room) {
    text = full;
  } else if (context.measureText(text).width > room) {
    let low = 0, high = text.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      context.measureText(text.slice(0, middle) + "…").width <= room ? low = middle : high = middle - 1;
    }
    text = low ? text.slice(0, low) + "…" : "";
  }
  context.fillStyle = wait ? colours.wait : colours.ink;
  context.fillText(text, from + 4, y + ROW / 2);
}

function drawNode(node, x, w, y) {
  const kind = KIND_CLASS[data.steps[node.step][1]], dim = state.search !== null && !matches(node.step);
  const gap = w > 3 ? 1 : 0, on = (w - gap) * node.on / node.total;
  context.globalAlpha = dim ? 0.32 : 1;
  if (on > 0)
    part(x, y, on, colours["on-" + kind], node.step);
  if (w - gap - on > 0)
    part(x + on, y, w - gap - on, colours["off-" + kind], node.step);
  label(node, x, y, w, kind === "wait");
  context.globalAlpha = 1;
  if (node === state.selected || (!dim && state.search !== null)) {
    context.strokeStyle = node === state.selected ? colours.accent : colours.match;
    context.lineWidth = 2;
    context.strokeRect(x + 1, y + 1, Math.max(w - gap - 2, 1), ROW - 3);
  }
}

function draw() {
  drawQueued = false;
  const ratio = window.devicePixelRatio || 1, top = graph.scrollTop;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = "12.5px system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
  context.textBaseline = "middle";
  if (!root.total)
    return;
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop(), where = span(node);
    if (!where || where[1] < 0.4 || where[0] >= width || where[0] + where[1] <= 0)
      continue;
    const y = (node.depth - 1) * ROW - top;
    if (y > height)
      continue;
    if (node !== root && y > -ROW)
      drawNode(node, where[0], where[1], y);
    for (const c of node.list)
      waiting.push(c);
  }
}

function redraw() {
  if (!drawQueued) {
    drawQueued = true;
    requestAnimationFrame(draw);
  }
}

// Rows that are wide enough to be seen.
function depthShown() {
  let most = 0;
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop(), where = span(node);
    if (!where || where[1] < 0.4)
      continue;
    most = Math.max(most, node.depth);
    for (const c of node.list)
      waiting.push(c);
  }
  return most;
}

function resize() {
  const style = getComputedStyle(graph), ratio = window.devicePixelRatio || 1;
  width = graph.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  height = graph.clientHeight;
  canvas.width = Math.max(1, width * ratio);
  canvas.height = Math.max(1, height * ratio);
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  layout();
  draw(); // at once: a canvas of a new size is empty
}

function layout() {
  depth = root.total ? depthShown() : 0;
  $("spacer").style.height = Math.max(0, depth * ROW - height + 8) + "px";
  redraw();
}

function nodeAt(event) {
  const box = canvas.getBoundingClientRect();
  const x = event.clientX - box.left, row = Math.floor((event.clientY - box.top + graph.scrollTop) / ROW) + 1;
  let node = root;
  while (node && node.depth < row) {
    node = node.list.find(c => {
      const where = span(c);
      return where && x >= where[0] && x < where[0] + where[1];
    });
  }
  return node === root ? null : node || null;
}

// ---- what is said about a function ----

function place(step) {
  const [, kind, module, file, line] = data.steps[step];
  const parts = [data.kinds[kind]];
  if (module)
    parts.push(module);
  if (file)
    parts.push(file + (line ? ":" + line : ""));
  return parts.join(" · ");
}

function tell(node) {
  $("detail").replaceChildren();
  if (!node) {
    $("detail").textContent = touch ? "Touch a function to zoom into it." :
      "Click a function to zoom into it, Escape to go back.";
    $("numbers").textContent = "";
    return;
  }
  const name = document.createElement("b");
  name.textContent = data.steps[node.step][0];
  $("detail").append(name, "  " + place(node.step));
  let text = time(node.total) + ", " + percent(node.total, root.total);
  const self = node.selfOn + node.selfOff;
  if (!state.inverted)
    text += " · self " + time(self);
  if (node.on && node.off)
    text += " · on CPU " + time(node.on) + ", off CPU " + time(node.off);
  $("numbers").textContent = text;
}

function zoom(node) {
  state.focus = node && node !== root ? node : null;
  $("reset").disabled = !state.focus;
  layout();
}

// ---- the table ----

function sorted() {
  const key = state.order;
  const list = rows.filter(r => state.search === null || matches(r.step));
  list.sort(key === "name" ? (a, b) => data.steps[a.step][0].localeCompare(data.steps[b.step][0]) :
    (a, b) => b[key] - a[key] || b.total - a.total);
  return list.slice(0, TABLE_ROWS);
}

function cell(text, className) {
  const td = document.createElement("td");
  td.className = className || "";
  td.textContent = text;
  return td;
}

function fillTable() {
  const body = document.createDocumentFragment();
  for (const row of sorted()) {
    const tr = document.createElement("tr"), td = cell("");
    const [name, kind, module, file, line] = data.steps[row.step];
    const dot = document.createElement("span"), text = document.createElement("span");
    dot.className = "dot";
    dot.style.background = "var(--" + (state.on ? "on-" : "off-") + KIND_CLASS[kind] + ")";
    text.className = "name";
    text.textContent = name;
    const where = document.createElement("span");
    where.className = "where";
    where.textContent = [KIND_MARK[kind], file ? file + (line ? ":" + line : "") : module]
      .filter(Boolean).join(" · ");
    td.append(dot, text, where);
    tr.append(cell(percent(row.self, root.total), "n"), cell(percent(row.total, root.total), "n"), td);
    tr.addEventListener("click", () => { $("search").value = name; search(name); });
    body.append(tr);
  }
  $("rows").replaceChildren(body);
  for (const key of ["self", "total", "name"])
    $("by-" + key).parentElement.setAttribute("aria-sort", key !== state.order ? "none" :
      key === "name" ? "ascending" : "descending");
}

// ---- what a person does ----

function search(text) {
  state.search = text ? text.toLowerCase() : null;
  let found = 0;
  const waiting = state.search === null ? [] : [root];
  while (waiting.length) {
    const node = waiting.pop();
    if (matches(node.step))
      found += node.total;
    else
      waiting.push(...node.list);
  }
  $("found").textContent = state.search === null ? "" : percent(found, root.total) + " matched";
  fillTable();
  redraw();
}

function rebuild() {
  root = build();
  rows = totals();
  state.focus = state.selected = null;
  $("reset").disabled = true;
  $("empty").hidden = root.total > 0;
  tell(null);
  search($("search").value);
  layout();
}

function toggle(id, key) {
  $(id).addEventListener("click", () => {
    state[key] = !state[key];
    $(id).setAttribute("aria-pressed", state[key]);
    rebuild();
  });
}

// Arrows walk over the graph: up and down along the stack, left and right among siblings.
function walk(key) {
  const node = state.selected || state.focus || root;
  const list = node.parent ? node.parent.list : [], at = list.indexOf(node);
  const next = { ArrowUp: node.parent, ArrowDown: node.list[0], ArrowLeft: list[at - 1],
                 ArrowRight: list[at + 1] }[key];
  if (!next || next === root)
    return;
  state.selected = next;
  tell(next);
  const y = (next.depth - 1) * ROW;
  if (y < graph.scrollTop || y + ROW > graph.scrollTop + height)
    graph.scrollTop = y - height / 2;
  redraw();
}

function onKey(event) {
  if (event.key === "/" && event.target !== $("search")) {
    event.preventDefault();
    $("search").focus();
  } else if (event.key === "Escape") {
    if (state.search !== null && event.target === $("search")) {
      $("search").value = "";
      search("");
    } else {
      zoom(state.focus ? state.focus.parent : null);
    }
  } else if (event.target === canvas && event.key.startsWith("Arrow")) {
    event.preventDefault();
    walk(event.key);
  } else if (event.target === canvas && event.key === "Enter" && state.selected) {
    zoom(state.selected);
  }
}

function listen() {
  $("search").addEventListener("input", () => search($("search").value));
  $("thread").addEventListener("change", () => { state.thread = +$("thread").value; rebuild(); });
  $("reset").addEventListener("click", () => zoom(null));
  toggle("on", "on");
  toggle("off", "off");
  toggle("invert", "inverted");
  for (const key of ["self", "total", "name"])
    $("by-" + key).addEventListener("click", () => { state.order = key; fillTable(); });
  canvas.addEventListener("click", event => {
    const node = nodeAt(event);
    state.selected = node;
    tell(node);
    if (node)
      zoom(node);
    else
      redraw();
  });
  canvas.addEventListener("mousemove", event => tell(nodeAt(event) || state.selected));
  canvas.addEventListener("mouseleave", () => tell(state.selected));
  graph.addEventListener("scroll", redraw, { passive: true });
  window.addEventListener("keydown", onKey);
  new ResizeObserver(() => requestAnimationFrame(resize)).observe(graph);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); redraw(); });
}

function fillThreads() {
  const sums = data.threads.map(() => 0);
  for (const sample of data.samples)
    sums[sample[1]] += sample[4];
  const add = (text, value) => {
    const option = document.createElement("option");
    option.textContent = text;
    option.value = value;
    $("thread").append(option);
  };
  add("All threads", -1);
  data.threads.map((t, i) => [t, i]).filter(([, i]) => sums[i])
    .sort((a, b) => sums[b[1]] - sums[a[1]])
    .forEach(([t, i]) => add(t[0] + " [" + t[1] + "] " + time(sums[i]), i));
  $("thread").hidden = $("thread").options.length < 3;
}

function fillLegend() {
  const used = new Set(), both = [false, false];
  for (const sample of data.samples) {
    both[sample[2]] = true;
    for (const step of stepsOf(sample[0]))
      used.add(sample[2] + "-" + KIND_CLASS[data.steps[step][1]]);
  }
  const names = { native: "native", python: "Python", kernel: "kernel", jit: "JIT", unknown: "unknown" };
  const add = (colour, text) => {
    const item = document.createElement("span"), box = document.createElement("i");
    box.style.background = "var(--" + colour + ")";
    item.append(box, text);
    $("legend").append(item);
  };
  for (const [where, words] of [["on", "on CPU"], ["off", "off CPU"]])
    for (const kind of Object.keys(names))
      if (used.has((where === "on" ? 0 : 1) + "-" + kind))
        add(where + "-" + kind, names[kind] + ", " + words);
  if (used.has("1-wait"))
    add("off-wait", "what is waited for");
  $("on").hidden = $("off").hidden = !(both[0] && both[1]);
}

document.title = data.title + " · ppbpf profile";
$("title").textContent = data.title;
$("about").textContent = data.about;
$("quality").textContent = data.quality;
readColours();
fillThreads();
fillLegend();
root = newNode(-1, null);
rows = [];
listen();
rebuild();
resize();
})();
