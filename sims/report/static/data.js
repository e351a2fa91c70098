// Reads the page's JSON and its packed arrays (sims/report/pack.py) back into numbers.
//   unpack() -> Promise of the report, every array description replaced by typed arrays

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// 16-bit values, low bytes first, then high ones; differences along each column of length n when `chained`
function words(bytes, at, n, k, chained) {
  const out = new Uint16Array(n * k), half = n * k;
  for (let c = 0, i = 0; c < k; c++) {
    for (let r = 0, sum = 0; r < n; r++, i++) {
      const value = bytes[at + i] | (bytes[at + half + i] << 8);
      sum = chained ? (sum + value) & 65535 : value;
      out[i] = sum;
    }
  }
  return out;
}

function longs(bytes, at, n) {
  const out = new Uint8Array(4 * n);
  for (let i = 0; i < n; i++) for (let b = 0; b < 4; b++) out[4 * i + b] = bytes[at + b * n + i];
  return out.buffer;
}

// {columns: [Float64Array(n), ...], n}; missing values are NaN
function series(bytes, d) {
  const levels = words(bytes, d.at, d.n, d.k, true), columns = [];
  for (let c = 0; c < d.k; c++) {
    const column = new Float64Array(d.n);
    for (let r = 0; r < d.n; r++) {
      const level = levels[c * d.n + r];
      column[r] = level === 65535 ? NaN : d.low[c] + level * d.step[c];
    }
    columns.push(column);
  }
  return { columns, n: d.n };
}

const times = (bytes, d) => new Float32Array(longs(bytes, d.at, d.n));

// {position: Float32Array, normal: Int8Array, tone: Uint8Array, index, tones}
function mesh(bytes, d) {
  const levels = words(bytes, d.points, d.n, 3, true), position = new Float32Array(3 * d.n), normal = new Int8Array(3 * d.n);
  const signed = new Int8Array(bytes.buffer, bytes.byteOffset + d.normals, 3 * d.n);
  for (let c = 0; c < 3; c++) {
    for (let r = 0; r < d.n; r++) {
      position[3 * r + c] = d.low[c] + levels[c * d.n + r] * d.step;
      normal[3 * r + c] = signed[c * d.n + r];
    }
  }
  const F = d.faces, steps = d.wide ? new Int32Array(longs(bytes, d.index, 3 * F)) : words(bytes, d.index, F, 3, false);
  const index = d.wide ? new Uint32Array(3 * F) : new Uint16Array(3 * F);
  for (let f = 0, first = 0; f < F; f++) {
    first += steps[f];
    index[3 * f] = first;
    index[3 * f + 1] = index[3 * f] + steps[F + f];
    index[3 * f + 2] = index[3 * f + 1] + steps[2 * F + f];
  }
  return { position, normal, tone: bytes.slice(d.tone, d.tone + d.n), index, tones: d.tones };
}

// `text` and `packed`: JSON and base64; from the page itself where they are left out
async function unpack(text, packed) {
  const report = JSON.parse(text ?? document.getElementById("report").textContent);
  const bytes = await inflate(packed ?? document.getElementById("arrays").textContent);
  report.frames = times(bytes, report.frames);
  report.meshes = report.meshes.map((d) => mesh(bytes, d));
  for (const body of report.bodies) body.poses = series(bytes, body.poses);
  for (const key in report.paths) report.paths[key] = series(bytes, report.paths[key]);
  report.witness = report.witness && series(bytes, report.witness);
  report.touches = report.touches && { starts: times(bytes, report.touches.starts), points: series(bytes, report.touches.points) };
  const clocks = report.clocks.map((d) => times(bytes, d));
  for (const panel of report.panels) {
    panel.t = clocks[panel.clock];
    panel.values = series(bytes, panel.values);
    panel.reference = panel.reference && series(bytes, panel.reference);
    panel.band = panel.band && series(bytes, panel.band);
  }
  return report;
}

// largest k with t[k] <= x (0 if none)
function floorIndex(t, x) {
  let low = 0, high = t.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (t[middle] <= x + 1e-6) low = middle; else high = middle - 1;
  }
  return low;
}

function nearestIndex(t, x) {
  const k = floorIndex(t, x);
  return k + 1 < t.length && t[k + 1] - x < x - t[k] ? k + 1 : k;
}

function figure(x) {
  if (!Number.isFinite(x)) return "\u2013";
  const size = Math.abs(x);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? x.toExponential(2) : size < 1e3 ? x.toPrecision(4) : x.toFixed(0);
  return text.replaceAll("-", "\u2212");
}
