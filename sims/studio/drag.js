// Waypoints and things that are moved by hand in the 3D view: a ball for each, drawn over everything.
//   makeHandles(player, moved) -> {update(handles)}      moved(key, value, last): wanted new value; last: let go
// A ball goes along the floor's plane; with shift, or where the camera looks along the floor, up and down.

const REACH = 22; // [px] around a ball's centre

function makeHandles(player, moved) {
  const { scene, camera, controls, radius } = player.scene.world, canvas = $("scene"), view = $("view");
  const name = document.createElement("div");
  name.className = "handle-name"; name.hidden = true; view.append(name);
  let handles = [], held = null;

  function update(fresh) {
    if (held) return; // what is in the hand goes where the hand goes
    handles.forEach((h) => scene.remove(h.ball));
    handles = fresh.map((item) => {
      const ball = overlay(new THREE.SphereGeometry(0.022 * radius, 16, 12));
      ball.visible = true; ball.position.set(...item.at); ball.material.color.set(css(item.body ? "--c4" : "--markers"));
      scene.add(ball);
      return { ...item, ball };
    });
    player.scene.dirty = true;
  }

  const screen = new THREE.Vector3();
  function onScreen(point) {
    screen.copy(point).project(camera);
    return { x: (screen.x + 1) / 2 * canvas.clientWidth, y: (1 - screen.y) / 2 * canvas.clientHeight, behind: screen.z > 1 };
  }

  function near(e) {
    const box = canvas.getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top;
    let best = null, least = REACH;
    for (const handle of handles) {
      const p = onScreen(handle.ball.position), distance = Math.hypot(p.x - x, p.y - y);
      if (!p.behind && distance < least) { least = distance; best = handle; }
    }
    return best;
  }

  // where the pointer's ray meets the plane through `point` with a normal; null where it runs along it
  function meet(e, point, normal) {
    const box = canvas.getBoundingClientRect();
    const ray = new THREE.Vector3(2 * (e.clientX - box.left) / box.width - 1, 1 - 2 * (e.clientY - box.top) / box.height, 0.5).unproject(camera).sub(camera.position).normalize();
    const along = ray.dot(normal);
    if (Math.abs(along) < 0.08) return null;
    const distance = point.clone().sub(camera.position).dot(normal) / along;
    return distance > 0 ? camera.position.clone().addScaledVector(ray, distance) : null;
  }

  function place(e) {
    const { ball } = held.handle, back = camera.position.clone().sub(ball.position).normalize();
    const upright = e.shiftKey || Math.abs(back.z) < 0.15;
    if (held.upright !== upright) { // from here on in the other way
      const normal = upright ? new THREE.Vector3(back.x, back.y, 0).normalize() : new THREE.Vector3(0, 0, 1);
      Object.assign(held, { upright, normal, from: ball.position.clone(), grip: meet(e, ball.position, normal) });
    }
    const to = held.grip && meet(e, held.from, held.normal);
    if (!to) return;
    const shift = to.sub(held.grip);
    if (upright) shift.x = shift.y = 0; else shift.z = 0;
    ball.position.copy(held.from).add(shift);
    if (ball.position.distanceTo(new THREE.Vector3(...held.handle.at)) > 10 * radius) ball.position.set(...held.handle.at); // towards the horizon
  }

  function value() {
    const { handle } = held, p = handle.ball.position.toArray();
    return handle.value.map((x, i) => Number((x + p[i] - handle.at[i]).toFixed(4)));
  }

  function show(handle) {
    player.scene.dirty = true;
    name.hidden = !handle;
    if (!handle) return;
    const p = onScreen(handle.ball.position), at = handle.ball.position.toArray().map((x) => x.toFixed(3).replace("-", "\u2212")).join(", ");
    name.textContent = `${handle.name}: ${at} m`;
    name.style.left = p.x + "px"; name.style.top = p.y + "px";
  }

  function follow() { // a thing goes with its ball at once; the run follows
    const body = held.handle.body && player.scene.bodies.find((b) => b.name === held.handle.body);
    if (!body || body.poses.n !== 1) return;
    const p = held.handle.ball.position.toArray();
    body.poses = { n: 1, columns: body.poses.columns.map((column, i) => (i < 3 ? [p[i]] : column)) };
    player.seek(player.time);
  }

  canvas.addEventListener("pointerdown", (e) => {
    const handle = e.button === 0 && near(e);
    if (!handle) return;
    e.stopImmediatePropagation(); e.preventDefault();
    controls.enabled = false; canvas.setPointerCapture(e.pointerId);
    held = { handle, upright: null }; place(e); show(handle);
  }, { capture: true });
  canvas.addEventListener("pointermove", (e) => {
    if (!held) { const over = e.buttons ? null : near(e); canvas.style.cursor = over ? "grab" : ""; show(over); return; }
    e.stopImmediatePropagation();
    place(e); follow(); show(held.handle); moved(held.handle.key, value(), false);
  }, { capture: true });
  function letGo() {
    if (!held) return;
    const { handle } = held, last = value();
    held = null; controls.enabled = true; show(null);
    moved(handle.key, last, true);
  }
  canvas.addEventListener("pointerup", letGo, { capture: true });
  canvas.addEventListener("pointercancel", letGo, { capture: true });
  canvas.addEventListener("pointerleave", () => { if (!held) show(null); });
  return { update, where: (key) => { const h = handles.find((one) => one.key === key); return h && { ...onScreen(h.ball.position), at: h.ball.position.toArray() }; } };
}
