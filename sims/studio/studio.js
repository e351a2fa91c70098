// The studio's page: what is changed is asked of the server, one question at a time, and what comes back is shown.
// `window.studio` is for tests: latencies [ms] from input to the updated plot, errors, state.

const studio = { latencies: [], errors: [], answers: 0, client: null, state: null, gone: false };

async function ask(message) {
  const answer = await fetch("do", { method: "POST", headers: { "Content-Type": "application/json", "X-Client": studio.client || "" }, body: JSON.stringify(message) });
  const found = await answer.json().catch(() => ({ error: `the studio answered with ${answer.status}` }));
  if (!answer.ok || found.error) throw new Error(found.error || `the studio answered with ${answer.status}`);
  return found;
}

function say(text, good = false) {
  $("message").textContent = text; $("message").hidden = !text; $("message").classList.toggle("good", good);
  if (text && !good) studio.errors.push(text);
}

function makeQueue(player) {
  let waiting = null, sent = null, busy = false, gesture = 1;
  const jobs = [];

  async function next() {
    if (busy) return;
    const job = jobs.shift() || (waiting && { message: { do: "set", changes: waiting.changes, gesture: waiting.gesture }, since: waiting.since });
    if (!job) return;
    if (waiting && job.message.changes === waiting.changes) waiting = null;
    sent = job.message;
    busy = true; document.body.classList.add("busy");
    try {
      const found = await ask(job.message);
      say("");
      if (found.report) await present(found);
      if (job.since) studio.latencies.push(performance.now() - job.since);
      if (job.then) job.then(found);
    } catch (error) {
      say(error instanceof TypeError ? "The studio does not answer: it was ended, or its machine is gone." : error.message);
      if (studio.state && !waiting) { studio.controls.update(studio.state.controls); if (studio.handles) studio.handles.update(studio.state.handles); }
    }
    busy = false; document.body.classList.remove("busy"); studio.answers++;
    next();
  }

  async function present(found) {
    const fresh = await unpack(found.report, found.arrays);
    player.update(fresh);
    studio.state = found;
    verdict(found); tables(found.tables);
    if (found.controls) studio.controls.update(found.controls);
    if (found.handles && studio.handles) studio.handles.update(found.handles);
    if (found.can) { $("undo").disabled = !found.can.undo; $("redo").disabled = !found.can.redo; }
    if (found.took !== undefined) $("took").textContent = `planned and run in ${found.took.toFixed(0)} ms${found.engine === "twin" ? "" : ", with contacts"}`;
  }

  return {
    present,
    idle: () => !busy && !waiting && !jobs.length,
    change(key, value, last) {
      const same = sent && sent.gesture === gesture && JSON.stringify(sent.changes[key]) === JSON.stringify(value);
      if (!waiting && same) { if (last) gesture++; return; } // a slider that is let go where it was asked for already
      waiting = waiting && waiting.gesture === gesture ? waiting : { changes: {}, gesture, since: performance.now() };
      waiting.changes[key] = value;
      if (last) gesture++;
      next();
    },
    send(message, then) {
      if (waiting) jobs.push({ message: { do: "set", changes: waiting.changes, gesture: waiting.gesture }, since: waiting.since });
      waiting = null; jobs.push({ message, then }); next();
    },
  };
}

function verdict({ verdict: kind, word, why }) {
  const place = $("verdict");
  place.className = "verdict " + (kind === "accepted" ? "good" : "bad");
  place.querySelector("strong").textContent = word; place.querySelector("span").textContent = why;
}

// HTML that the server has escaped
function tables(found) {
  $("notes").innerHTML = found.notes; $("reasons-place").innerHTML = found.reasons;
  $("acceptance-place").innerHTML = found.acceptance; $("metrics-place").innerHTML = found.metrics;
}

function makeJobs(player, queue) {
  const names = { verify: "PyBullet", tune: "Tuning", planning: "Planning" };
  let last = null;
  function working(on) { $("stop").hidden = !on; $("shut").hidden = on; $("job-share").hidden = !on; $("verify").disabled = $("tune").disabled = on; }
  async function news({ job, share, what, done, error }) {
    if (job === "planning") { $("took").textContent = what; return; }
    $("job").hidden = false; $("job-name").textContent = names[job] + ":";
    working(!done && !error); last = job;
    if (share !== undefined) { $("job-share").value = share; $("job-what").textContent = what; $("job-found").hidden = true; $("use").hidden = true; }
    if (error) $("job-what").textContent = error;
    if (!done) return;
    $("job-found").hidden = false;
    if (job === "verify") {
      const apart = done.apart === null ? "" : ` Joints of twin and PyBullet are at most ${figure(done.apart)} apart.`;
      $("job-what").textContent = `${done.word}: ${done.why}. Shown is its run, until the next change.${apart}`;
      $("job-found").innerHTML = done.compared;
      if (queue.idle()) { const { controls, handles, can } = studio.state; await queue.present({ ...done, controls, handles, can }); $("took").textContent = "in PyBullet"; }
    } else {
      $("job-what").textContent = done.verdict; $("job-found").innerHTML = done.table; $("use").hidden = false;
    }
  }
  $("verify").addEventListener("click", () => queue.send({ do: "verify" }));
  $("tune").addEventListener("click", () => queue.send({ do: "tune" }));
  $("stop").addEventListener("click", () => queue.send({ do: "stop" }));
  $("use").addEventListener("click", () => queue.send({ do: "use" }));
  $("shut").addEventListener("click", () => { $("job").hidden = true; });
  return { news, get last() { return last; } };
}

function makeSave(queue) {
  const send = (replace) => queue.send({ do: "save", name: $("file").value, replace }, (found) => {
    if (found.exists) { $("save").textContent = "Replace it"; $("save").dataset.replace = found.exists; say(`${found.exists} is there already.`); return; }
    say(`Saved ${found.saved} in ${found.folder}.`, true);
  });
  $("save").addEventListener("click", () => {
    const replace = Boolean($("save").dataset.replace);
    delete $("save").dataset.replace; $("save").textContent = "Save scenario"; send(replace);
  });
  $("file").addEventListener("input", () => { delete $("save").dataset.replace; $("save").textContent = "Save scenario"; });
}

async function open(player) {
  const queue = makeQueue(player), jobs = makeJobs(player, queue);
  studio.queue = queue; studio.player = player;
  studio.controls = makeControls($("groups"), queue.change, (message) => queue.send(message));
  studio.handles = player.scene ? makeHandles(player, queue.change) : null;
  let known = null;
  try { known = sessionStorage.getItem("robocalc-studio"); } catch { /* no storage for this page */ }
  const opened = await ask({ do: "open", client: known });
  studio.client = opened.client;
  try { sessionStorage.setItem("robocalc-studio", opened.client); } catch { /* no storage for this page */ }
  await queue.present(opened);
  const events = new EventSource("events?client=" + encodeURIComponent(opened.client));
  events.addEventListener("message", (e) => jobs.news(JSON.parse(e.data)));
  events.addEventListener("error", () => { studio.gone = events.readyState === EventSource.CLOSED; });
  addEventListener("pagehide", () => events.close());
  for (const name of ["undo", "redo", "reset"]) $(name).addEventListener("click", () => queue.send({ do: name }));
  makeSave(queue);
  $("controls").addEventListener("submit", (e) => e.preventDefault());
  $("controls").addEventListener("keydown", (e) => { if (!e.ctrlKey && !e.metaKey) e.stopPropagation(); }); // arrows move sliders here, not the time
  $("side").addEventListener("click", (e) => { const moment = e.target.closest("tr")?.querySelector("[data-time]"); if (moment) { player.play(false); player.seek(Number(moment.dataset.time)); } });
  document.addEventListener("keydown", (e) => {
    if (!(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== "z" || e.target.matches("input[type=text], input[type=number]")) return;
    e.preventDefault(); $(e.shiftKey ? "redo" : "undo").click();
  });
  studio.ready = true;
}

globalThis.studio = studio;
unpack().then(start).then(open).catch((error) => { unreadable(error); say(error.message); });
