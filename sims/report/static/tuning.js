// The page of a tuning. `window.tuning` is for tests.

function showTuning(doc) {
  const history = doc.history.filter((e) => Number.isFinite(e.cost)), LOST = 1e5; // a cost from here on is that of a run that diverged
  const fair = history.filter((e) => e.cost < LOST && !e.lost), logged = fair.length > 0 && fair.every((e) => e.cost > 0);
  const scale = (v) => (logged ? Math.log10(v) : v), name = (logged ? "log\u2081\u2080 " : "") + "cost";
  const best = fair.reduce((a, e) => (a && a.cost <= e.cost ? a : e), null);
  const state = { at: Math.max(0, history.indexOf(best)), across: 0, up: 1 };
  const value = (v) => (typeof v === "number" ? brief(v) : String(v));

  const convergence = surface($("convergence"), "Cost of each evaluation and the best so far", (g, w, h) => {
    if (!fair.length) return;
    const [low, high] = extent(fair.map((e) => scale(e.cost))), n = history[history.length - 1].n;
    const f = frame(g, w, h, { low: 0, high: Math.max(1, n), title: "evaluation" }, { low: low - 0.03 * (high - low), high: high + 0.03 * (high - low), title: name });
    g.fillStyle = css("--ground"); g.globalAlpha = 0.8;
    for (const e of fair) dot(g, f.x(e.n), f.y(scale(e.cost)), 2.4);
    g.globalAlpha = 1; g.strokeStyle = css("--c0"); g.lineWidth = 2; g.beginPath();
    let least = Infinity, open = false;
    for (const e of history) {
      if (!(e.cost < LOST) || e.lost) continue;
      if (open) g.lineTo(f.x(e.n), f.y(scale(least)));
      least = Math.min(least, e.cost);
      if (open) g.lineTo(f.x(e.n), f.y(scale(least))); else g.moveTo(f.x(e.n), f.y(scale(least)));
      open = true;
    }
    g.stroke();
    const chosen = history[state.at];
    g.fillStyle = css("--c1");
    if (chosen && chosen.cost < LOST) dot(g, f.x(chosen.n), f.y(scale(chosen.cost)), 5);
    convergence.frame = f;
  });
  function choose(k) {
    state.at = Math.min(history.length - 1, Math.max(0, k));
    const e = history[state.at];
    if (!e) return;
    $("evaluation").value = state.at;
    $("evaluation").setAttribute("aria-valuetext", `evaluation ${e.n}`);
    $("evaluation-says").textContent = `Evaluation ${e.n}: cost ${value(e.cost)}${e.cost >= LOST || e.lost ? " (diverged)" : ""}. ` + Object.entries(e.x || {}).map(([key, v]) => `${key} = ${value(v)}`).join(", ");
    convergence.redraw();
  }
  $("evaluation").max = Math.max(0, history.length - 1);
  $("evaluation").addEventListener("input", () => choose(Number($("evaluation").value)));
  convergence.canvas.addEventListener("pointerdown", (e) => {
    const f = convergence.frame;
    if (!f) return;
    const box = convergence.canvas.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top;
    const far = (item) => Math.hypot(f.x(item.n) - x, item.cost < LOST ? f.y(scale(item.cost)) - y : 1e3);
    choose(history.reduce((near, item, k) => (far(item) < far(history[near]) ? k : near), 0));
  });

  // the front
  const names = doc.objectives.map((o) => o.name), points = doc.front.filter((p) => Array.isArray(p.goals) && p.goals.length >= 2 && p.goals.every(Number.isFinite));
  if (points.length < 2) $("front-card").remove();
  else {
    const size = points[0].goals.length, titles = Array.from({ length: size }, (_, i) => names[i] || `objective ${i + 1}`);
    options($("across"), titles.map((t, i) => [String(i), t]), "0"); options($("up"), titles.map((t, i) => [String(i), t]), "1");
    let placed = [];
    const front = surface($("front"), "Pareto front", (g, w, h) => {
      const i = state.across, j = state.up, [a, b] = extent(points.map((p) => p.goals[i])), [c, d] = extent(points.map((p) => p.goals[j]));
      const f = frame(g, w, h, { low: a - 0.06 * (b - a), high: b + 0.06 * (b - a), title: titles[i] }, { low: c - 0.06 * (d - c), high: d + 0.06 * (d - c), title: titles[j] });
      g.fillStyle = css("--c0");
      placed = points.map((p) => ({ p, x: f.x(p.goals[i]), y: f.y(p.goals[j]) }));
      for (const { x, y } of placed) dot(g, x, y, 4.5);
    });
    front.canvas.addEventListener("pointerdown", (e) => {
      const box = front.canvas.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top;
      const near = placed.reduce((m, q) => (Math.hypot(q.x - x, q.y - y) < Math.hypot(m.x - x, m.y - y) ? q : m));
      $("front-says").textContent = `Evaluation ${near.p.n}: ` + Object.entries(near.p.x || {}).map(([key, v]) => `${key} = ${value(v)}`).join(", ");
    });
    for (const id of ["across", "up"]) $(id).addEventListener("change", () => { state[id] = Number($(id).value); front.redraw(); });
  }

  const response = doc.response;
  if (!response || !Array.isArray(response.t) || !response.t.length) $("response-card").remove();
  else {
    const largest = (rows) => response.t.map((_, k) => rows.reduce((m, row) => (Number.isFinite(row[k]) ? Math.max(m, Math.abs(row[k])) : m), zeroOrNaN(rows, k)));
    const curves = ["before", "after"].map((when) => largest(response[when] || []));
    surface($("response"), "Largest joint error over time, before and after", (g, w, h) => {
      const [, high] = extent(curves.flat()), f = frame(g, w, h, { low: 0, high: response.t[response.t.length - 1] || 1, title: "time [s]" }, { low: 0, high: high * 1.05, title: "joint error [deg]" });
      curves.forEach((curve, i) => {
        g.strokeStyle = css(i ? "--c0" : "--c1"); g.lineWidth = 1.8; g.setLineDash(i ? [] : [6, 4]); g.beginPath();
        let open = false;
        curve.forEach((v, k) => { if (!Number.isFinite(v)) { open = false; return; } if (open) g.lineTo(f.x(response.t[k]), f.y(v)); else g.moveTo(f.x(response.t[k]), f.y(v)); open = true; });
        g.stroke(); g.setLineDash([]);
      });
    });
  }

  const numbers = doc.parameters.filter((p) => !p.choices && fair.some((e) => e.x && Number.isFinite(e.x[p.key])));
  if (!numbers.length) $("slices-card").remove();
  for (const p of numbers) {
    const holder = document.createElement("div");
    holder.className = "chart"; $("slices").append(holder);
    const at = (v) => (p.log && v > 0 ? Math.log10(v) : v);
    surface(holder, `Cost over ${p.key}`, (g, w, h) => {
      const some = fair.filter((e) => e.x && Number.isFinite(e.x[p.key])), [a, b] = extent(some.map((e) => at(e.x[p.key]))), [c, d] = extent(some.map((e) => scale(e.cost)));
      const f = frame(g, w, h, { low: a, high: b, title: (p.log ? "log\u2081\u2080 " : "") + p.key + (p.unit ? ` [${p.unit}]` : "") }, { low: c, high: d, title: name });
      some.forEach((e, k) => { g.fillStyle = ramp(k / Math.max(1, some.length - 1)); dot(g, f.x(at(e.x[p.key])), f.y(scale(e.cost)), 2.4); });
      if (best && best.x) { g.fillStyle = css("--c1"); dot(g, f.x(at(best.x[p.key])), f.y(scale(best.cost)), 4.5); }
    });
  }
  startTheme();
  choose(state.at);
  globalThis.tuning = { state, choose, doc, surfaces };
}

// 0 where any row has a number at k, else NaN
function zeroOrNaN(rows, k) { return rows.some((row) => Number.isFinite(row[k])) ? 0 : NaN; }

showTuning(JSON.parse($("report").textContent));
