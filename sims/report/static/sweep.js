// The page of a sweep: one metric chosen for all of it. `window.sweep` is for tests.

function show(bytes, doc) {
  const values = series(bytes, doc.values).columns, verdict = series(bytes, doc.verdict).columns[0], run = times(bytes, doc.run);
  const columns = doc.columns.map((c, i) => ({ ...c, values: values[i], range: c.categories ? [-0.5, c.categories.length - 0.5] : extent(values[i]) }));
  const keys = columns.filter((c) => c.kind === "key"), metrics = columns.filter((c) => c.kind === "metric"), named = new Map(columns.map((c) => [c.name, c]));
  const brushes = new Map(), state = { metric: doc.metric, across: keys.length ? keys[0].name : null, up: keys.length > 1 ? keys[1].name : "" };
  const titled = (c) => c.name + (c.unit ? " [" + c.unit + "]" : "");
  const axisOf = (c) => ({ low: c.range[0], high: c.range[1], title: titled(c), categories: c.categories });
  const kept = (k) => [...brushes].every(([name, [a, b]]) => named.get(name).values[k] >= a && named.get(name).values[k] <= b);

  // cells along an axis: its values if they are few, else bins
  function cells(column) {
    const unique = [...new Set(column.values.filter(Number.isFinite))].sort((a, b) => a - b);
    if (unique.length <= 40) {
      const index = new Map(unique.map((v, i) => [v, i]));
      return { n: unique.length, of: (v) => index.get(v), title: titled(column), low: -0.5, high: unique.length - 0.5,
        categories: unique.map((v) => (column.categories ? column.categories[v] : brief(v))) };
    }
    const [low, high] = column.range, n = 24;
    return { n, of: (v) => Math.min(n - 1, Math.floor((v - low) / (high - low) * n)), title: titled(column), low: -0.5, high: n - 0.5,
      categories: Array.from({ length: n }, (_, i) => (i % 4 ? "" : brief(low + (i + 0.5) / n * (high - low)))) };
  }

  let cellsShown = [];
  function heat(g, w, h, metric) {
    const x = cells(named.get(state.across)), y = cells(named.get(state.up)), sum = new Float64Array(x.n * y.n), count = new Float64Array(x.n * y.n);
    const across = named.get(state.across).values, up = named.get(state.up).values;
    for (let k = 0; k < run.length; k++) {
      const i = x.of(across[k]), j = y.of(up[k]), v = metric.values[k];
      if (i === undefined || j === undefined || !Number.isFinite(v)) continue;
      sum[j * x.n + i] += v; count[j * x.n + i]++;
    }
    const mean = sum.map((s, c) => (count[c] ? s / count[c] : NaN)), [low, high] = extent(mean), f = frame(g, w, h, x, y, 78);
    const cw = (f.right - f.left) / x.n, ch = (f.bottom - f.top) / y.n;
    cellsShown = [];
    for (let j = 0; j < y.n; j++) for (let i = 0; i < x.n; i++) {
      const c = j * x.n + i;
      if (!count[c]) continue;
      const left = f.left + i * cw, top = f.bottom - (j + 1) * ch;
      g.fillStyle = ramp((mean[c] - low) / (high - low)); g.fillRect(left, top, cw + 0.5, ch + 0.5);
      cellsShown.push({ left, top, right: left + cw, bottom: top + ch, text: `${x.title} ${x.categories[i]}, ${y.title} ${y.categories[j]}: ${figure(mean[c])} ${metric.unit} (mean of ${count[c]})` });
    }
    legend(g, w, h, low, high, titled(metric));
  }

  function scatter(g, w, h, metric) {
    const x = named.get(state.across), f = frame(g, w, h, axisOf(x), axisOf(metric)), c = cells(x), groups = Array.from({ length: c.n }, () => []), middle = Array.from({ length: c.n }, () => []);
    g.globalAlpha = run.length > 2000 ? 0.25 : 0.7;
    for (let k = 0; k < run.length; k++) {
      if (!Number.isFinite(metric.values[k]) || !Number.isFinite(x.values[k])) continue;
      g.fillStyle = css(verdict[k] < 0.5 ? "--c0" : "--c1"); dot(g, f.x(x.values[k]), f.y(metric.values[k]), 2.5);
      const i = c.of(x.values[k]);
      if (i !== undefined) { groups[i].push(metric.values[k]); middle[i].push(x.values[k]); }
    }
    g.globalAlpha = 1; g.strokeStyle = css("--ink"); g.lineWidth = 1.6; g.beginPath();
    let open = false;
    groups.forEach((group, i) => {
      if (!group.length) return;
      group.sort((a, b) => a - b);
      const px = f.x(middle[i].reduce((a, b) => a + b, 0) / middle[i].length), py = f.y(group[group.length >> 1]);
      if (open) g.lineTo(px, py); else g.moveTo(px, py);
      open = true;
    });
    if (!x.categories) g.stroke();
    cellsShown = [];
  }

  const map = surface($("map"), "Metric over the chosen keys", (g, w, h) => {
    const metric = named.get(state.metric);
    if (!metric || !state.across) return;
    if (state.up && state.up !== state.across) heat(g, w, h, metric); else scatter(g, w, h, metric);
  });
  map.canvas.addEventListener("pointermove", (e) => {
    const box = map.canvas.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top;
    const found = cellsShown.find((c) => x >= c.left && x < c.right && y >= c.top && y < c.bottom);
    $("map-says").textContent = found ? found.text : says();
  });
  const says = () => (state.up && state.up !== state.across ? "Mean of the runs in each cell." : "Blue: accepted; orange: not. The line joins medians.");

  // parallel coordinates
  const chosen = new Set([...keys.map((c) => c.name), state.metric, ...metrics.slice(0, 3).map((c) => c.name)].filter((n) => n));
  const axes = () => columns.filter((c) => chosen.has(c.name));
  const TOP = 30, BOTTOM = 26;
  const axisX = (i, n, w) => (n < 2 ? w / 2 : 60 + i * (w - 120) / (n - 1));
  const place = (c, v, h) => h - BOTTOM - (v - c.range[0]) / (c.range[1] - c.range[0]) * (h - TOP - BOTTOM);
  const parallel = surface($("parallel"), "Parallel coordinates of all runs", (g, w, h) => {
    const shown = axes(), metric = named.get(state.metric), n = shown.length;
    const order = [...run.keys()].sort((a, b) => (kept(a) ? 1 : 0) - (kept(b) ? 1 : 0));
    g.lineWidth = 1;
    let count = 0;
    for (const k of order) {
      const good = kept(k);
      count += good;
      g.globalAlpha = good ? (run.length > 3000 ? 0.12 : run.length > 300 ? 0.35 : 0.8) : 0.05;
      g.strokeStyle = metric && Number.isFinite(metric.values[k]) ? ramp((metric.values[k] - metric.range[0]) / (metric.range[1] - metric.range[0])) : css("--soft");
      g.beginPath();
      let open = false;
      shown.forEach((c, i) => {
        if (!Number.isFinite(c.values[k])) { open = false; return; }
        const x = axisX(i, n, w), y = place(c, c.values[k], h);
        if (open) g.lineTo(x, y); else g.moveTo(x, y);
        open = true;
      });
      g.stroke();
    }
    g.globalAlpha = 1;
    shown.forEach((c, i) => {
      const x = axisX(i, n, w), room = n > 1 ? (w - 120) / (n - 1) - 6 : w;
      g.strokeStyle = css("--ink"); g.beginPath(); g.moveTo(x, TOP); g.lineTo(x, h - BOTTOM); g.stroke();
      g.textAlign = "center"; g.fillStyle = css("--ink");
      g.fillText(fitText(g, c.name.split(".").slice(-1)[0] + (c.unit ? " [" + c.unit + "]" : ""), Math.max(50, room)), x, i % 2 ? 8 : 20);
      g.fillStyle = css("--soft"); g.textAlign = "left";
      const texts = c.categories ? c.categories.map((t, v) => [v, t]) : [[c.range[0], brief(c.range[0])], [c.range[1], brief(c.range[1])]];
      for (const [v, text] of texts.slice(0, 12)) halo(g, fitText(g, text, Math.min(58, room)), x + 4, place(c, v, h) + (v === c.range[0] ? 11 : v === c.range[1] ? 7 : 0));
      const brush = brushes.get(c.name);
      if (brush) { g.fillStyle = css("--accent"); g.globalAlpha = 0.35; const a = place(c, brush[1], h), b = place(c, brush[0], h); g.fillRect(x - 6, a, 12, b - a); g.globalAlpha = 1; }
    });
    $("kept").textContent = brushes.size ? ` ${count} of ${run.length} kept.` : "";
  });
  let drag = null;
  const at = (e) => {
    const box = parallel.canvas.getBoundingClientRect(), shown = axes(), x = e.clientX - box.left, y = e.clientY - box.top;
    const i = shown.map((_, k) => Math.abs(axisX(k, shown.length, parallel.width) - x)).reduce((best, d, k, all) => (d < all[best] ? k : best), 0), c = shown[i];
    const share = (parallel.height - BOTTOM - y) / (parallel.height - TOP - BOTTOM);
    return { c, value: c.range[0] + Math.min(1, Math.max(0, share)) * (c.range[1] - c.range[0]) };
  };
  parallel.canvas.addEventListener("pointerdown", (e) => { if (axes().length) { drag = at(e); parallel.canvas.setPointerCapture(e.pointerId); } });
  parallel.canvas.addEventListener("pointermove", (e) => {
    if (!drag) return;
    const { value } = at(e);
    brushes.set(drag.c.name, [Math.min(drag.value, value), Math.max(drag.value, value)]);
    parallel.redraw();
  });
  parallel.canvas.addEventListener("pointerup", () => { drag = null; });
  parallel.canvas.addEventListener("dblclick", () => { brushes.clear(); parallel.redraw(); });
  for (const c of columns) {
    const label = document.createElement("label"), box = document.createElement("input");
    box.type = "checkbox"; box.checked = chosen.has(c.name); box.dataset.axis = c.name;
    box.addEventListener("change", () => { if (box.checked) chosen.add(c.name); else { chosen.delete(c.name); brushes.delete(c.name); } parallel.redraw(); });
    label.append(box, c.name);
    $("axes").append(label);
  }

  // distributions: each chooses its metric
  const buttons = metrics.map((c) => {
    const block = document.createElement("div"), button = document.createElement("button"), holder = document.createElement("div"), words = document.createElement("p"), { counts, edges, quantiles } = doc.histograms[c.name];
    button.type = "button"; button.textContent = titled(c); button.dataset.metric = c.name;
    button.addEventListener("click", () => choose(c.name));
    holder.className = "chart low";
    words.textContent = `least ${quantiles[0]}, 5 % ${quantiles[1]}, median ${quantiles[2]}, 95 % ${quantiles[3]}, largest ${quantiles[4]}`;
    block.append(button, holder, words);
    $("distributions").append(block);
    surface(holder, `Distribution of ${c.name}`, (g, w, h) => {
      const most = Math.max(...counts), bar = (w - 20) / counts.length;
      g.fillStyle = css(c.name === state.metric ? "--accent" : "--ground");
      counts.forEach((n, i) => { const tall = n ? Math.max(1.5, (h - 24) * n / most) : 0; g.fillRect(10 + i * bar, h - 18 - tall, bar - 1, tall); });
      g.fillStyle = css("--soft"); g.textAlign = "left"; g.fillText(brief(edges[0]), 10, h - 8);
      g.textAlign = "right"; g.fillText(brief(edges[1]), w - 10, h - 8);
    });
    return button;
  });

  function worst() {
    const head = $("worst").tHead, body = $("worst").tBodies[0], metric = named.get(state.metric), top = document.createElement("tr");
    head.replaceChildren(top);
    for (const text of ["Run", ...keys.map((c) => c.name)]) cell(top, text, "", "th");
    cell(top, metric ? titled(metric) : "", "number", "th"); cell(top, "Verdict", "", "th"); cell(top, "Replay", "", "th");
    body.replaceChildren();
    for (const [place, value] of metric ? doc.worst[metric.name][$("end").value] : []) {
      const item = doc.listed[place], row = document.createElement("tr");
      body.append(row);
      cell(row, String(item.run), "", "th");
      item.keys.forEach((text) => cell(row, text));
      cell(row, figure(value), "number");
      const said = cell(row, item.verdict);
      said.title = item.why;
      if (item.href) { const link = document.createElement("a"); link.href = item.href; link.textContent = "show"; link.setAttribute("aria-label", `show run ${item.run}`); cell(row, link); }
      else cell(row, "not kept");
    }
  }

  function choose(name) {
    state.metric = name;
    $("metric").value = name; $("about").textContent = named.get(name) ? named.get(name).about : "";
    if (!chosen.has(name)) { chosen.add(name); document.querySelectorAll("[data-axis]").forEach((b) => { if (b.dataset.axis === name) b.checked = true; }); }
    buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.metric === name)));
    $("map-says").textContent = says();
    worst();
    surfaces.forEach((s) => s.redraw());
  }
  options($("metric"), metrics.map((c) => [c.name, c.name]), state.metric);
  options($("across"), keys.map((c) => [c.name, c.name]), state.across);
  options($("up"), [["", "the metric (points)"], ...keys.map((c) => [c.name, c.name])], state.up);
  $("metric").addEventListener("change", () => choose($("metric").value));
  for (const id of ["across", "up"]) $(id).addEventListener("change", () => { state[id] = $(id).value; $("map-says").textContent = says(); map.redraw(); });
  $("end").addEventListener("change", worst);
  startTheme();
  if (state.metric) choose(state.metric);
  globalThis.sweep = { state, choose, brushes, doc, surfaces };
}

const doc = JSON.parse($("report").textContent);
inflate($("arrays").textContent).then((bytes) => show(bytes, doc)).catch((error) => { $("map-says").textContent = "This page could not be read: " + error.message; });
