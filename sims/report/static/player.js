// Ties it together: one time, shown by the 3D view, the slider, the plots and the steps. `window.report` is for tests.
//   start(report) -> {seek(t), play(on), camera(name), update(report), ...}

const $ = (id) => document.getElementById(id);
// joint names without what they all begin with: panda_joint1 -> joint1
function shortNames(names) {
  if (names.length < 2) return names;
  let k = 0;
  while (names.every((n) => k < n.length && n[k] === names[0][k])) k++;
  const cut = names[0].slice(0, k).search(/[_\-/.:][^_\-/.:]*$/) + 1;
  return names.map((n) => n.slice(cut) || n);
}

const SPEEDS = ["0.1", "0.25", "0.5", "1", "2", "4"];

function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function preferDark() {
  try { const kept = localStorage.getItem("robocalc-theme"); if (kept) return kept === "dark"; } catch { /* no storage for this page */ }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function setTheme(dark, listeners) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const listener of listeners) listener();
}

function makeSteps(report, seek) {
  const holder = $("steps"), buttons = [];
  holder.replaceChildren();
  // of several robots a row each: their steps overlap in time
  const lanes = [], overlap = report.steps.some(([, , end], i) => report.steps.slice(i + 1).some((other) => other[1] < end - 1e-6));
  const laneOf = report.steps.map(([name]) => {
    const whose = overlap && name.includes("/") ? name.split("/")[0] : "";
    return (lanes.includes(whose) || lanes.push(whose), lanes.indexOf(whose));
  });
  holder.style.height = lanes.length > 1 ? 1.5 * lanes.length + "rem" : "";
  for (const [i, [name, start, end, kind]] of report.steps.entries()) {
    const button = document.createElement("button");
    button.type = "button"; button.textContent = name;
    button.title = `${name}${kind && kind !== name ? " (" + kind + ")" : ""}: ${start.toFixed(2)} to ${end.toFixed(2)} s`;
    button.setAttribute("aria-label", button.title);
    button.style.left = 100 * start / report.duration + "%";
    button.style.width = 100 * Math.max(0.4, (end - start) / report.duration * 100) / 100 + "%";
    button.style.top = 100 * laneOf[i] / lanes.length + "%"; button.style.bottom = 100 - 100 * (laneOf[i] + 1) / lanes.length + "%";
    button.addEventListener("click", () => seek(start));
    holder.append(button); buttons.push(button);
  }
  holder.hidden = !buttons.length;
  return (t) => {
    const current = lanes.map(() => -1);
    report.steps.forEach((step, i) => { if (t >= step[1] - 1e-9) current[laneOf[i]] = i; });
    buttons.forEach((button, i) => { if (current.includes(i)) button.setAttribute("aria-current", "step"); else button.removeAttribute("aria-current"); });
    return current.filter((i) => i >= 0).map((i) => report.steps[i][0]).join(" · ");
  };
}

function makeJoints(report, plots) {
  const buttons = report.joints.map((name, j) => {
    const button = document.createElement("button"), mark = document.createElement("i");
    button.type = "button"; mark.style.color = `var(--c${j % 9})`;
    button.append(mark, report.short[j]);
    button.title = name + ": click to show or hide, with shift to show alone";
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", (e) => {
      if (e.shiftKey) { const hidden = plots.only(j); buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(!hidden.has(i)))); }
      else button.setAttribute("aria-pressed", String(plots.toggle(j)));
    });
    return button;
  });
  const all = document.createElement("button");
  all.type = "button"; all.textContent = "all";
  all.addEventListener("click", () => { plots.all(); buttons.forEach((b) => b.setAttribute("aria-pressed", "true")); });
  $("joints").append(...buttons, all);
}

function shorten(panels, report) {
  for (const panel of panels) if (panel.joints.length) panel.labels = panel.joints.map((j, i) => report.short[j] + (panel.runs.length ? " " + report.runs[panel.runs[i]] : ""));
}

function start(report) {
  report.short = shortNames(report.joints);
  shorten(report.panels, report);
  const slider = $("time"), state = { t: 0, playing: false, last: 0 };
  let scene = null;
  try { scene = makeScene(report, $("scene"), css); } catch (error) {
    $("problem").textContent = "This browser shows no 3D (WebGL is off or missing). Plots and tables are complete. " + error.message;
    $("problem").hidden = false;
  }
  const plots = makePlots(report, $("plots"), css, (t) => seek(t));
  let step = makeSteps(report, (t) => seek(t));
  makeJoints(report, plots);

  function seek(t) {
    state.t = Math.min(report.duration, Math.max(0, Number.isFinite(t) ? t : 0));
    slider.value = state.t;
    slider.setAttribute("aria-valuetext", `${state.t.toFixed(2)} seconds`);
    $("clock").textContent = `${state.t.toFixed(2)} s`;
    if (scene) { moved(); scene.seek(state.t); }
    plots.cursor(state.t);
    const name = document.createElement("b"), rows = [name];
    name.textContent = step(state.t);
    for (const panel of report.panels) {
      if (!panel.watch) continue;
      const k = nearestIndex(panel.t, state.t), row = document.createElement("div");
      row.textContent = `${panel.title}: ${panel.values.columns.map((c) => figure(c[k])).join(" / ")} ${panel.unit}` + (panel.notes.length ? ` ${panel.notes[panel.note_of[k]]}` : "");
      rows.push(row);
    }
    $("now").replaceChildren(...rows);
    wake();
  }

  // after a moment without change the picture is drawn once more, in full
  let rest = 0, waking = false;
  function moved() {
    if (!scene) return;
    scene.motion(true); clearTimeout(rest);
    if (!state.playing) rest = setTimeout(() => { scene.motion(false); wake(); }, 200);
  }
  function wake() { if (!waking) { waking = true; requestAnimationFrame(tick); } }
  function tick(clock) {
    waking = false;
    if (state.playing) {
      const passed = Math.min(250, clock - state.last);
      if (scene && state.last) scene.pace(clock - state.last);
      state.last = clock;
      const next = state.t + passed / 1000 * Number($("speed").value);
      if (next >= report.duration) play(false);
      seek(next);
    }
    if (scene && scene.dirty) picture();
    if (state.playing || (scene && scene.dirty)) wake();
  }

  function picture() {
    scene.draw();
    if (!api.firstPicture) api.firstPicture = performance.now();
  }

  function play(on) {
    if (on && state.t >= report.duration - 1e-6) seek(0);
    state.playing = on; state.last = performance.now();
    $("play").textContent = on ? "\u23F8" : "\u25B6";
    $("play").setAttribute("aria-label", on ? "Pause" : "Play");
    moved();
    wake();
  }

  const listeners = [() => scene && scene.theme(), () => plots.redraw(), wake];
  function toggleTheme() {
    const dark = document.documentElement.dataset.theme !== "dark";
    try { localStorage.setItem("robocalc-theme", dark ? "dark" : "light"); } catch { /* no storage for this page */ }
    setTheme(dark, listeners);
  }

  function camera(name) {
    if (!scene) return;
    scene.touched = false;
    scene.camera(name, state.t);
    document.querySelectorAll("[data-camera]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.camera === name)));
    wake();
  }

  const frame = report.frames.length > 1 ? report.duration / (report.frames.length - 1) : 0.02;
  const nudge = (dt) => { play(false); seek(state.t + dt); };
  const faster = (by) => { const i = SPEEDS.indexOf($("speed").value) + by; if (SPEEDS[i]) $("speed").value = SPEEDS[i]; };
  const cameras = ["iso", "front", "side", "top", "tool"];
  function key(e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const tag = e.target.tagName, typing = tag === "SELECT" || tag === "TEXTAREA" || (tag === "INPUT" && e.target.type !== "range");
    const pressing = tag === "BUTTON" || tag === "SUMMARY" || tag === "PRE";
    const actions = {
      " ": () => play(!state.playing), ArrowLeft: () => nudge(e.shiftKey ? -1 : -frame), ArrowRight: () => nudge(e.shiftKey ? 1 : frame),
      Home: () => nudge(-Infinity), End: () => nudge(report.duration), "[": () => faster(-1), "]": () => faster(1), d: toggleTheme, D: toggleTheme,
    };
    const action = actions[e.key] || (cameras[e.key - 1] && (() => camera(cameras[e.key - 1])));
    if (!action || (typing && !(tag === "INPUT" && e.key !== " ")) || (pressing && e.key === " ") || (tag === "PRE" && e.key !== "d")) return;
    e.preventDefault(); action();
  }

  $("play").addEventListener("click", () => play(!state.playing));
  slider.addEventListener("input", () => { play(false); seek(Number(slider.value)); });
  $("theme").addEventListener("click", toggleTheme);
  document.addEventListener("keydown", key);
  document.querySelectorAll("[data-camera]").forEach((b) => b.addEventListener("click", () => camera(b.dataset.camera)));
  document.querySelectorAll("[data-time]").forEach((b) => b.addEventListener("click", () => { play(false); seek(Number(b.dataset.time)); }));
  document.querySelectorAll("[data-show]").forEach((box) => {
    const names = box.dataset.show.split(" ");
    if (!scene || !names.some((name) => scene.has(name))) { if (!box.dataset.run) box.parentElement.remove(); return; }
    box.addEventListener("change", () => { names.forEach((name) => scene.show(name, box.checked)); seek(state.t); });
  });
  document.querySelectorAll("[data-run]").forEach((box) => box.addEventListener("change", () => plots.run(Number(box.dataset.run), box.checked)));
  document.querySelectorAll("tr").forEach((row) => { // the whole row is a target; its button is for the keyboard
    const button = row.querySelector("[data-time]");
    if (!button) return;
    row.classList.add("jumps");
    row.addEventListener("click", (e) => { if (e.target !== button && !String(getSelection())) button.click(); });
  });
  const fit = () => {
    if (scene) { scene.resize(); if (!scene.touched) scene.camera(scene.name || "iso", state.t); picture(); wake(); }
    plots.redraw();
  };
  if (scene) $("scene").addEventListener("pointermove", wake), $("scene").addEventListener("wheel", wake, { passive: true });

  function update(fresh) {
    shorten(fresh.panels, report);
    if (scene) scene.update(fresh);
    plots.update(fresh);
    slider.max = report.duration = fresh.duration;
    step = makeSteps(report, (t) => seek(t));
    seek(state.t);
  }

  const api = { seek, play, camera, update, scene, plots, report, state, firstPicture: 0, get time() { return state.t; } };
  globalThis.report = api;
  setTheme(preferDark(), []);
  if (scene) scene.theme();
  const asked = /^#t=([0-9.]+)$/.exec(location.hash);
  if (scene) scene.resize();
  camera("iso");
  seek(asked ? Number(asked[1]) : 0);
  new ResizeObserver(fit).observe($("view"));
  return api;
}

function unreadable(error) {
  $("problem").textContent = "This page could not be read: " + error.message;
  $("problem").hidden = false;
}
