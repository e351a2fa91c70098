// Charts on canvas for tables: a surface that redraws itself, axes, colours that everybody can tell apart.
//   surface(holder, label, draw) -> {redraw(), canvas, width, height}
//   frame(g, w, h, x, y)         -> {x(v), y(v), ...}: axes with ticks; x, y: {low, high, title, categories}
//   ramp(s)                      colour of s in 0..1, from dark to bright (viridis)

const $ = (id) => document.getElementById(id);
const VIRIDIS = [[68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137], [53, 183, 121], [109, 205, 89], [180, 222, 44], [253, 231, 37]];
const surfaces = [];

function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function ramp(s) {
  const x = Math.min(1, Math.max(0, Number.isFinite(s) ? s : 0)) * (VIRIDIS.length - 1), k = Math.min(VIRIDIS.length - 2, Math.floor(x)), f = x - k;
  return `rgb(${VIRIDIS[k].map((c, i) => Math.round(c + f * (VIRIDIS[k + 1][i] - c))).join(",")})`;
}

function surface(holder, label, draw) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img"); canvas.setAttribute("aria-label", label);
  holder.append(canvas);
  const self = { canvas, holder, width: 0, height: 0, redraw() {
    const ratio = globalThis.devicePixelRatio || 1, w = holder.clientWidth, h = holder.clientHeight;
    if (!w || !h) return;
    Object.assign(self, { width: w, height: h });
    canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio);
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.font = "11px system-ui, sans-serif"; g.textBaseline = "middle"; g.lineJoin = "round";
    draw(g, w, h);
  } };
  surfaces.push(self);
  new ResizeObserver(() => self.redraw()).observe(holder);
  return self;
}

function niceStep(span, most) {
  const rough = span / Math.max(1, most), power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9));
}

function tickText(x, step) {
  if (Math.abs(x) < step / 1e6) return "0";
  const size = Math.abs(x), digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return (size >= 1e5 || digits > 4 ? x.toExponential(1) : x.toFixed(digits)).replaceAll("-", "\u2212");
}

// finite range of numbers, never empty
function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (Number.isFinite(v)) { if (v < low) low = v; if (v > high) high = v; }
  if (!(low <= high)) return [0, 1];
  if (low === high) { const pad = Math.abs(low) * 0.05 || 0.5; return [low - pad, high + pad]; }
  return [low, high];
}

function ticks(axis, pixels, gap) {
  if (axis.categories) return axis.categories.map((text, i) => [i, text]);
  const step = niceStep(axis.high - axis.low, pixels / gap), found = [];
  for (let k = Math.ceil(axis.low / step - 1e-9); k * step <= axis.high + 1e-9 * step; k++) found.push([k * step, tickText(k * step, step)]);
  return found;
}

function fitText(g, text, width) {
  if (g.measureText(text).width <= width) return text;
  let n = text.length;
  while (n > 1 && g.measureText(text.slice(0, n) + "\u2026").width > width) n--;
  return text.slice(0, n) + "\u2026";
}

function frame(g, w, h, x, y, right = 10) {
  const box = { left: 58, right: w - right, top: 12, bottom: h - 38 };
  const place = (axis, from, to) => (v) => from + (v - axis.low) / (axis.high - axis.low || 1) * (to - from);
  const px = place(x, box.left, box.right), py = place(y, box.bottom, box.top);
  g.strokeStyle = css("--line"); g.fillStyle = css("--soft"); g.lineWidth = 1; g.textAlign = "center";
  for (const [v, text] of ticks(x, box.right - box.left, 70)) g.fillText(fitText(g, text, 68), px(v), box.bottom + 11);
  g.textAlign = "right";
  for (const [v, text] of ticks(y, box.bottom - box.top, 30)) {
    g.fillText(fitText(g, text, 50), box.left - 5, py(v));
    g.beginPath(); g.moveTo(box.left, py(v)); g.lineTo(box.right, py(v)); g.stroke();
  }
  g.fillStyle = css("--ink"); g.textAlign = "center";
  g.fillText(fitText(g, x.title || "", box.right - box.left), (box.left + box.right) / 2, h - 8);
  g.save(); g.translate(9, (box.top + box.bottom) / 2); g.rotate(-Math.PI / 2); g.fillText(fitText(g, y.title || "", box.bottom - box.top), 0, 0); g.restore();
  return { ...box, x: px, y: py };
}

// what the colours mean, at the right side
function legend(g, w, h, low, high, title) {
  const left = w - 64, top = 22, bottom = h - 44;
  for (let i = 0; i < 60; i++) { g.fillStyle = ramp(1 - i / 59); g.fillRect(left, top + (bottom - top) * i / 60, 12, (bottom - top) / 60 + 1); }
  g.fillStyle = css("--soft"); g.textAlign = "left";
  g.fillText(brief(high), left + 16, top + 4); g.fillText(brief(low), left + 16, bottom - 4);
  g.textAlign = "right"; g.fillStyle = css("--ink"); g.fillText(fitText(g, title, w - 80), w - 4, 8);
}

// few digits, as on an axis
function brief(x) { return Number.isFinite(x) ? (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e5) ? x.toExponential(1) : String(Number(x.toPrecision(4)))).replaceAll("-", "\u2212") : "\u2013"; }

// text that stays readable over lines
function halo(g, text, x, y) {
  g.save(); g.strokeStyle = css("--card"); g.lineWidth = 4; g.strokeText(text, x, y); g.restore();
  g.fillText(text, x, y);
}

function dot(g, x, y, r) { g.beginPath(); g.arc(x, y, r, 0, 2 * Math.PI); g.fill(); }

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  surfaces.forEach((s) => s.redraw());
}

function startTheme() {
  let dark = matchMedia("(prefers-color-scheme: dark)").matches;
  try { const kept = localStorage.getItem("robocalc-theme"); if (kept) dark = kept === "dark"; } catch { /* no storage for this page */ }
  setTheme(dark);
  const toggle = () => {
    dark = !dark; setTheme(dark);
    try { localStorage.setItem("robocalc-theme", dark ? "dark" : "light"); } catch { /* likewise */ }
  };
  $("theme").addEventListener("click", toggle);
  document.addEventListener("keydown", (e) => {
    if ((e.key === "d" || e.key === "D") && !e.ctrlKey && !e.metaKey && !e.altKey && e.target.tagName !== "SELECT") toggle();
  });
}

function options(select, names, chosen) {
  select.replaceChildren(...names.map(([value, text]) => { const o = document.createElement("option"); o.value = value; o.textContent = text; return o; }));
  select.value = chosen;
}

function cell(row, text, className, tag = "td") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (tag === "th") made.scope = row.parentElement && row.parentElement.tagName === "THEAD" ? "col" : "row";
  made.append(text);
  row.append(made);
  return made;
}
