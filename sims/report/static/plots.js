// Plots on canvas, linked: one cursor, one time window, one choice of joints.
//   makePlots(report, holder, css, seek) -> {cursor(t), redraw(), window(a, b), toggle(joint), update(report), ...}
//     update   new values for the same panels (by key), others come and go: without loading the page again

const LEFT = 50, RIGHT = 8, TOP = 6, BOTTOM = 20; // [px] around the axes
const DASHES = [[], [8, 3], [2, 2]]; // lines beyond the ninth differ by dash

function niceStep(span, most) {
  const rough = span / Math.max(1, most), power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * (1 - 1e-9));
}

function tickText(x, step) {
  if (Math.abs(x) < step / 1e6) return "0";
  const size = Math.abs(x), digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const text = size >= 1e5 || size < 1e-3 || digits > 4 ? x.toExponential(Math.min(2, Math.max(0, Math.floor(Math.log10(size)) - Math.floor(Math.log10(step))))) : x.toFixed(digits);
  return text.replaceAll("-", "\u2212");
}

function makePlots(report, holder, css, seek) {
  const hiddenJoints = new Set(), view = { from: 0, to: Math.max(report.duration, 1e-6) };
  let now = 0;
  const hiddenRuns = new Set();
  const shown = (panel) => panel.labels.map((_, i) => i).filter((i) => !(panel.joints.length && hiddenJoints.has(panel.joints[i])) && !(panel.runs && hiddenRuns.has(panel.runs[i])));
  const colourOf = (panel, i) => panel.runs && panel.runs.length && !panel.joints.length ? css("--run" + panel.runs[i]) : css("--c" + ((panel.joints.length ? panel.joints[i] : i) % 9));
  const severalRuns = (panel) => panel.runs && panel.runs.length > 0; // lines of compared runs differ by dash, or by colour
  const dashOf = (panel, i) => severalRuns(panel) ? (panel.joints.length ? DASHES[panel.runs[i] % 3] : []) : DASHES[Math.floor((panel.joints.length ? panel.joints[i] : i) / 9) % 3];

  function range(panel, lines) {
    let low = Infinity, high = -Infinity;
    const a = floorIndex(panel.t, view.from), b = floorIndex(panel.t, view.to);
    for (const data of [panel.values, panel.reference]) {
      if (!data) continue;
      for (const i of lines) for (let k = a; k <= b; k++) {
        const x = data.columns[i][k];
        if (x < low) low = x;
        if (x > high) high = x;
      }
    }
    if (!(low <= high)) return [-1, 1];
    if (panel.band) { // a band about zero is shown whole, as long as that does not flatten the curves
      const most = 1.5 * Math.max(-low, high, 1e-15);
      for (const i of lines) for (let k = a; k <= b; k++) {
        const x = Math.min(panel.band.columns[i][k], most);
        if (x > high) high = x;
        if (-x < low) low = -x;
      }
    }
    const span = Math.max(high - low, 1e-3 * Math.max(Math.abs(low), Math.abs(high)), 1e-15);
    for (const i of panel.limits ? lines : []) for (const bound of panel.limits) {
      const x = bound[i]; // limits within reach are shown; far ones would flatten the curve
      if (x !== null && x > high && x < high + 0.6 * span) high = x;
      if (x !== null && x < low && x > low - 0.6 * span) low = x;
    }
    const pad = 0.06 * Math.max(high - low, span * 0.1);
    return [low - pad, high + pad];
  }

  function makePlot(panel) {
    const figureBox = document.createElement("figure"), caption = document.createElement("figcaption"), title = document.createElement("b"), value = document.createElement("span");
    title.textContent = panel.title + (panel.unit ? " [" + panel.unit + "]" : "");
    caption.append(title, value);
    const box = document.createElement("div"), canvas = document.createElement("canvas"), cursor = document.createElement("div");
    box.className = "plot"; cursor.className = "cursor";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${panel.title} over time: ${panel.labels.join(", ")}`);
    box.append(canvas, cursor);
    figureBox.append(caption, box);
    holder.append(figureBox);
    const plot = { panel, box, canvas, cursor, value, stale: true, seen: false };
    box.dataset.panel = panel.key;
    listen(plot);
    return plot;
  }

  const x = (plot, t) => LEFT + (t - view.from) / (view.to - view.from) * (plot.width - LEFT - RIGHT);
  const time = (plot, px) => Math.min(view.to, Math.max(view.from, view.from + (px - LEFT) / Math.max(1, plot.width - LEFT - RIGHT) * (view.to - view.from)));

  function listen(plot) {
    let start = null, chosen = null;
    const at = (e) => e.clientX - plot.box.getBoundingClientRect().left;
    plot.box.addEventListener("pointerdown", (e) => { start = at(e); plot.box.setPointerCapture(e.pointerId); });
    plot.box.addEventListener("pointermove", (e) => {
      if (start === null) { if (e.pointerType === "mouse") tip(plot, at(e)); return; }
      if (Math.abs(at(e) - start) < 6 && !chosen) return;
      if (!chosen) { chosen = document.createElement("div"); chosen.className = "chosen"; plot.box.append(chosen); }
      chosen.style.left = Math.max(LEFT, Math.min(start, at(e))) + "px";
      chosen.style.width = Math.abs(at(e) - start) + "px";
    });
    const finish = (e) => {
      if (start === null) return;
      const from = time(plot, Math.min(start, at(e))), to = time(plot, Math.max(start, at(e)));
      if (chosen && e.type === "pointerup" && to > from) window(from, to); else if (!chosen) seek(time(plot, at(e)));
      if (chosen) chosen.remove();
      start = chosen = null;
    };
    plot.box.addEventListener("pointerup", finish);
    plot.box.addEventListener("pointercancel", () => { if (chosen) chosen.remove(); start = chosen = null; });
    plot.box.addEventListener("dblclick", () => window(0, report.duration));
    plot.box.addEventListener("pointerleave", () => { if (plot.tip) plot.tip.remove(); plot.tip = null; });
  }

  function tip(plot, px) {
    const { panel } = plot, k = nearestIndex(panel.t, time(plot, px));
    if (!plot.tip) { plot.tip = document.createElement("div"); plot.tip.className = "tip"; plot.box.append(plot.tip); }
    plot.tip.textContent = `${panel.t[k].toFixed(3)} s`;
    for (const i of shown(panel).slice(0, 12)) {
      const row = document.createElement("div"), mark = document.createElement("i");
      mark.style.borderColor = colourOf(panel, i);
      const around = panel.band ? `  (± ${figure(panel.band.columns[i][k])} believed)` : "";
      const wanted = panel.reference ? `  (${panel.reference_label} ${figure(panel.reference.columns[i][k])})` : "";
      row.append(mark, `${panel.labels[i]} ${figure(panel.values.columns[i][k])}${wanted}${around}`);
      plot.tip.append(row);
    }
    if (panel.notes.length) plot.tip.append(panel.notes[panel.note_of[k]]);
    const wide = plot.tip.offsetWidth;
    plot.tip.style.left = (px + wide + 16 < plot.width ? px + 12 : Math.max(0, px - wide - 12)) + "px";
  }

  function draw(plot) {
    const { panel, canvas } = plot, ratio = globalThis.devicePixelRatio || 1, w = plot.box.clientWidth, h = plot.box.clientHeight;
    plot.width = w; plot.stale = false;
    canvas.width = Math.round(w * ratio); canvas.height = Math.round(h * ratio);
    const g = canvas.getContext("2d"), lines = shown(panel), [low, high] = range(panel, lines);
    const y = (value) => TOP + (high - value) / (high - low) * (h - TOP - BOTTOM);
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.font = "11px system-ui, sans-serif"; g.textBaseline = "middle";
    bands(g, plot, h);
    axes(g, plot, h, low, high, y);
    g.save(); g.beginPath(); g.rect(LEFT, TOP, w - LEFT - RIGHT, h - TOP - BOTTOM); g.clip();
    const a = Math.max(0, floorIndex(panel.t, view.from) - 1), b = Math.min(panel.t.length - 1, floorIndex(panel.t, view.to) + 1);
    for (const i of panel.limits ? lines : []) for (const bound of panel.limits) limit(g, plot, y, bound[i], colourOf(panel, i), low, high);
    for (const i of panel.band ? lines : []) around(g, plot, panel.band.columns[i], a, b, y, colourOf(panel, i));
    for (const [data, width, alpha] of [[panel.reference, 3.2, 0.35], [panel.values, 1.4, 1]]) {
      if (!data) continue;
      g.globalAlpha = alpha; g.lineWidth = width; g.lineJoin = "round";
      for (const i of lines) { g.strokeStyle = colourOf(panel, i); g.setLineDash(dashOf(panel, i)); curve(g, plot, data.columns[i], a, b, y); }
    }
    g.restore();
    moveCursor(plot);
  }

  function bands(g, plot, h) {
    for (const push of report.disturbances) {
      const a = Math.max(LEFT, x(plot, push[1])), b = Math.min(plot.width - RIGHT, x(plot, push[2]));
      if (b >= a) { g.fillStyle = css("--push"); g.fillRect(a, TOP, Math.max(1.5, b - a), h - TOP - BOTTOM); }
    }
    g.strokeStyle = css("--line"); g.lineWidth = 1; g.setLineDash([]);
    for (const step of report.steps) {
      const px = Math.round(x(plot, step[1])) + 0.5;
      if (px > LEFT && px < plot.width - RIGHT) { g.beginPath(); g.moveTo(px, TOP); g.lineTo(px, h - BOTTOM); g.stroke(); }
    }
  }

  function axes(g, plot, h, low, high, y) {
    const stepY = niceStep(high - low, (h - TOP - BOTTOM) / 24), stepX = niceStep(view.to - view.from, (plot.width - LEFT) / 70);
    g.fillStyle = css("--soft"); g.strokeStyle = css("--line"); g.lineWidth = 1; g.textAlign = "right";
    for (let k = Math.ceil(low / stepY); k * stepY <= high; k++) {
      const py = Math.round(y(k * stepY)) + 0.5;
      g.globalAlpha = k === 0 ? 1 : 0.55;
      g.beginPath(); g.moveTo(LEFT, py); g.lineTo(plot.width - RIGHT, py); g.stroke();
      g.globalAlpha = 1;
      g.fillText(tickText(k * stepY, stepY), LEFT - 5, py);
    }
    g.textAlign = "center";
    for (let k = Math.ceil(view.from / stepX - 1e-9); k * stepX <= view.to * (1 + 1e-9); k++) {
      const px = x(plot, k * stepX), last = (k + 1) * stepX > view.to;
      g.fillText(tickText(k * stepX, stepX) + (last ? " s" : ""), Math.min(px, plot.width - 14), h - BOTTOM / 2 + 1);
    }
  }

  function limit(g, plot, y, value, colour, low, high) {
    if (value === null || value < low || value > high) return;
    g.strokeStyle = colour; g.lineWidth = 1; g.globalAlpha = 0.9; g.setLineDash([2, 4]);
    g.beginPath(); g.moveTo(LEFT, y(value)); g.lineTo(plot.width - RIGHT, y(value)); g.stroke();
    g.globalAlpha = 1;
  }

  // what lies between minus and plus the column
  function around(g, plot, column, a, b, y, colour) {
    const { t } = plot.panel;
    g.beginPath();
    for (let k = a; k <= b; k++) g.lineTo(x(plot, t[k]), y(column[k]));
    for (let k = b; k >= a; k--) g.lineTo(x(plot, t[k]), y(-column[k]));
    g.closePath();
    g.globalAlpha = 0.13; g.fillStyle = colour; g.fill();
    g.globalAlpha = 1;
  }

  function curve(g, plot, column, a, b, y) {
    const { t } = plot.panel;
    g.beginPath();
    for (let k = a, open = false; k <= b; k++) {
      if (Number.isNaN(column[k])) { open = false; continue; }
      if (open) g.lineTo(x(plot, t[k]), y(column[k])); else g.moveTo(x(plot, t[k]), y(column[k]));
      open = true;
    }
    g.stroke();
  }

  function moveCursor(plot) {
    const { panel } = plot, inside = now >= view.from - 1e-9 && now <= view.to + 1e-9, lines = shown(panel);
    plot.cursor.style.visibility = inside ? "visible" : "hidden";
    plot.cursor.style.transform = `translateX(${x(plot, now)}px)`;
    const k = nearestIndex(panel.t, now);
    let most = lines[0];
    for (const i of lines) if (Math.abs(panel.values.columns[i][k]) > Math.abs(panel.values.columns[most][k])) most = i;
    const label = panel.labels.length > 1 ? panel.labels[most] + " " : "";
    plot.value.textContent = lines.length ? label + figure(panel.values.columns[most][k]) + (panel.notes.length ? "  " + panel.notes[panel.note_of[k]] : "") : "";
  }

  let plots = report.panels.map(makePlot);
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const plot = plots.find((p) => p.box === entry.target);
      plot.seen = entry.isIntersecting;
      if (plot.seen) plot.stale ? draw(plot) : moveCursor(plot);
    }
  }, { rootMargin: "200px" });
  plots.forEach((plot) => watcher.observe(plot.box));

  function redraw() { for (const plot of plots) { plot.stale = true; if (plot.seen) draw(plot); } }
  function window(from, to) { view.from = from; view.to = Math.max(to, from + 1e-6); redraw(); }
  function update(fresh) {
    const kept = new Map(plots.map((plot) => [plot.panel.key, plot]));
    Object.assign(report, { panels: fresh.panels, duration: fresh.duration, steps: fresh.steps, disturbances: fresh.disturbances });
    plots = fresh.panels.map((panel) => {
      const plot = kept.get(panel.key);
      if (!plot) { const made = makePlot(panel); watcher.observe(made.box); return made; }
      kept.delete(panel.key); plot.panel = panel;
      return plot;
    });
    for (const gone of kept.values()) { watcher.unobserve(gone.box); gone.box.parentElement.remove(); }
    window(0, fresh.duration);
  }
  return {
    get plots() { return plots; }, redraw, window, update,
    run(number, on) { if (on) hiddenRuns.delete(number); else hiddenRuns.add(number); redraw(); },
    cursor(t) { now = t; for (const plot of plots) if (plot.seen && !plot.stale) moveCursor(plot); },
    toggle(joint) { hiddenJoints.has(joint) ? hiddenJoints.delete(joint) : hiddenJoints.add(joint); redraw(); return !hiddenJoints.has(joint); },
    only(joint) { hiddenJoints.clear(); report.joints.forEach((_, j) => { if (j !== joint) hiddenJoints.add(j); }); redraw(); return hiddenJoints; },
    all() { hiddenJoints.clear(); redraw(); return hiddenJoints; },
  };
}
