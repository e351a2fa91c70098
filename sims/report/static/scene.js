// The 3D view: bodies at their poses, tool paths, cameras. Draws only when something changed.
//   makeScene(report, canvas, css) -> {seek(t), camera(name), show(what, on), has(what), update(report), theme(), draw(), ...}
//     what     a key of report.paths ("planned" is dashed and whole, others grow with time;
//              "planned/right" is of another robot, shown with "planned"), "touches", "witness", "markers", or "ghost" +
//              the number of a run
//     update   new frames, poses of bodies of the same names, paths and marks: without making the scene again

const ROLE_COLOURS = { robot: [0.87, 0.88, 0.9], static: [0.64, 0.69, 0.74], dynamic: [0.9, 0.62, 0], moving: [0.74, 0.38, 0.6] };
const DIRECTIONS = { iso: [1, -0.85, 0.5], front: [1, 0, 0.12], side: [0, -1, 0.12], top: [0.0001, 0, 1], tool: [0.8, -0.8, 0.45] };
const SLOW_FRAME = 50; // [ms]: slower than this, and the picture gets simpler
const LEVELS = [{ ratio: 1, full: true }, { ratio: 0.75, full: false }, { ratio: 0.5, full: false }];
const COARSE = 0.009; // [m]: detail of a mesh that moves on a slow machine

function solidGeometry(solid, report) {
  const s = solid.size;
  if (solid.shape === "mesh") return meshGeometry(report.meshes[solid.mesh], solid);
  if (solid.shape === "box") return new THREE.BoxGeometry(s[0], s[1], s[2]);
  if (solid.shape === "sphere") return new THREE.SphereGeometry(s[0], 32, 20);
  if (solid.shape === "cylinder") return new THREE.CylinderGeometry(s[0], s[0], s[1], 40).rotateX(Math.PI / 2);
  if (solid.shape === "capsule") return new THREE.CapsuleGeometry(s[0], s[1], 10, 32).rotateX(Math.PI / 2);
  return null; // a plane: the grid stands for it
}

function meshGeometry(mesh, solid) {
  const geometry = new THREE.BufferGeometry(), colour = new Float32Array(mesh.position.length), tint = new THREE.Color();
  const plain = solid.painted && mesh.tones.length === 1; // a file of one colour is painted as the robot's description says
  const tones = mesh.tones.map((tone) => tint.setRGB(...((!plain && tone) || solid.colour).slice(0, 3), THREE.SRGBColorSpace).toArray());
  for (let i = 0; i < mesh.tone.length; i++) colour.set(tones[mesh.tone[i]], 3 * i);
  geometry.setAttribute("position", new THREE.BufferAttribute(mesh.position, 3));
  geometry.setAttribute("normal", new THREE.BufferAttribute(mesh.normal, 3, true));
  geometry.setAttribute("color", new THREE.BufferAttribute(colour, 3));
  geometry.setIndex(new THREE.BufferAttribute(mesh.index, 1));
  geometry.scale(...solid.size);
  geometry.userData = { fine: geometry.index, tone: mesh.tone };
  return geometry;
}

// the same vertices with fewer triangles: those of one cell, colour and side of a wall become the first of them
function coarseIndex(geometry) {
  const p = geometry.attributes.position.array, n = geometry.attributes.normal.array, { tone, fine } = geometry.userData;
  const first = new Map(), stands = new Uint32Array(tone.length), index = [];
  for (let i = 0; i < tone.length; i++) {
    const cell = [0, 1, 2].map((a) => Math.floor(p[3 * i + a] / COARSE));
    let key = ((cell[0] + 4096) * 8192 + cell[1] + 4096) * 8192 + cell[2] + 4096;
    key = (key * 256 + tone[i]) * 2;
    const j = first.get(key);
    const opposite = j !== undefined && n[3 * i] * n[3 * j] + n[3 * i + 1] * n[3 * j + 1] + n[3 * i + 2] * n[3 * j + 2] < 0;
    if (opposite) key += 1;
    if (!first.has(key)) first.set(key, i);
    stands[i] = first.get(key);
  }
  for (let f = 0; f < fine.count; f += 3) {
    const [a, b, c] = [stands[fine.array[f]], stands[fine.array[f + 1]], stands[fine.array[f + 2]]];
    if (a !== b && b !== c && c !== a) index.push(a, b, c);
  }
  return new THREE.BufferAttribute(new (tone.length > 65535 ? Uint32Array : Uint16Array)(index), 1);
}

function solidMesh(solid, role, report) {
  solid.painted = Boolean(solid.colour);
  solid.colour = solid.colour || ROLE_COLOURS[role];
  const geometry = solidGeometry(solid, report), alpha = solid.colour.length > 3 ? solid.colour[3] : 1;
  if (!geometry) return null;
  const painted = solid.shape === "mesh", material = new THREE.MeshStandardMaterial({
    roughness: 0.55, metalness: 0.05, vertexColors: painted, transparent: alpha < 1, opacity: alpha, side: painted ? THREE.DoubleSide : THREE.FrontSide,
  });
  if (!painted) material.color.setRGB(...solid.colour.slice(0, 3), THREE.SRGBColorSpace);
  if (solid.ghost) Object.assign(material, { transparent: true, opacity: 0.42, vertexColors: false, metalness: 0 });
  const object = new THREE.Mesh(geometry, material), R = solid.offset;
  object.castShadow = alpha === 1 && !solid.ghost; object.receiveShadow = !solid.ghost;
  object.renderOrder = solid.ghost ? 1 : 0;
  object.matrixAutoUpdate = false;
  object.matrix.set(R[0], R[1], R[2], R[9], R[3], R[4], R[5], R[10], R[6], R[7], R[8], R[11], 0, 0, 0, 1);
  return object;
}

// a thin tube through points (columns x, y, z); every second piece left out when dashed
function tube(path, radius, colour, dashed) {
  const n = path.n, [x, y, z] = path.columns, SIDES = 5, position = [], index = [];
  const along = new THREE.Vector3(), u = new THREE.Vector3(), w = new THREE.Vector3(), up = new THREE.Vector3();
  let travelled = 0;
  for (let i = 0; i < n; i++) {
    const a = Math.max(0, i - 1), b = Math.min(n - 1, i + 1);
    along.set(x[b] - x[a], y[b] - y[a], z[b] - z[a]);
    if (along.lengthSq() < 1e-16) along.set(0, 0, 1);
    along.normalize();
    u.crossVectors(along, up.set(0, 0, 1));
    if (u.lengthSq() < 1e-4) u.crossVectors(along, up.set(1, 0, 0));
    u.normalize(); w.crossVectors(along, u);
    for (let s = 0; s < SIDES; s++) {
      const c = radius * Math.cos(2 * Math.PI * s / SIDES), d = radius * Math.sin(2 * Math.PI * s / SIDES);
      position.push(x[i] + c * u.x + d * w.x, y[i] + c * u.y + d * w.y, z[i] + c * u.z + d * w.z);
    }
    if (i === 0) continue;
    travelled += Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1], z[i] - z[i - 1]);
    if (dashed && Math.floor(travelled / (radius * 9)) % 2) continue;
    for (let s = 0; s < SIDES; s++) {
      const p = (i - 1) * SIDES + s, q = (i - 1) * SIDES + (s + 1) % SIDES;
      index.push(p, q, p + SIDES, q, q + SIDES, p + SIDES);
    }
  }
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute("position", new THREE.Float32BufferAttribute(position, 3));
  geometry.setIndex(index);
  const material = new THREE.MeshBasicMaterial({ color: colour });
  return Object.assign(new THREE.Mesh(geometry, material), { perPoint: SIDES * 6, frustumCulled: false });
}

// whether the processor draws, as in a browser without a graphics card
function software(gl) {
  const about = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(about ? gl.getParameter(about.UNMASKED_RENDERER_WEBGL) : "");
}

function makeScene(report, canvas, css) {
  const renderer = new THREE.WebGLRenderer({ canvas, antialias: true, alpha: true });
  renderer.toneMapping = THREE.NeutralToneMapping;
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.type = THREE.PCFShadowMap;
  const scene = new THREE.Scene(), camera = new THREE.PerspectiveCamera(32, 1, 0.01, 100);
  camera.up.set(0, 0, 1);
  const bodies = report.bodies.map((body) => {
    const group = new THREE.Group();
    for (const solid of body.solids) {
      const part = solidMesh(body.ghost ? { ...solid, ghost: true } : solid, body.role, report);
      if (part) group.add(part);
    }
    scene.add(group);
    return { ...body, group };
  });
  const hiddenRuns = new Set(), hiddenMarks = new Set();

  const quaternions = [new THREE.Quaternion(), new THREE.Quaternion()];
  function place(t) {
    const k = floorIndex(report.frames, t), next = Math.min(k + 1, report.frames.length - 1);
    const gap = report.frames[next] - report.frames[k], s = gap > 0 ? Math.min(1, Math.max(0, (t - report.frames[k]) / gap)) : 0;
    for (const { poses, group, run } of bodies) {
      const c = poses.columns, a = Math.min(k, poses.n - 1), b = Math.min(next, poses.n - 1), [p, q] = quaternions;
      if (Number.isNaN(c[0][a]) || hiddenRuns.has(run)) { group.visible = false; continue; }
      group.visible = true;
      group.position.set(c[0][a] + s * (c[0][b] - c[0][a]), c[1][a] + s * (c[1][b] - c[1][a]), c[2][a] + s * (c[2][b] - c[2][a]));
      p.set(c[3][a], c[4][a], c[5][a], c[6][a]); q.set(c[3][b], c[4][b], c[5][b], c[6][b]);
      group.quaternion.copy(p.slerp(q, s)).normalize();
    }
  }

  // what the cameras must show: the robot over time, its paths, what can be moved
  const corner = new THREE.Vector3();
  function corners(body, into) {
    body.group.updateMatrixWorld(true);
    for (const part of body.group.children) {
      const box = part.geometry.boundingBox || (part.geometry.computeBoundingBox(), part.geometry.boundingBox);
      for (let c = 0; c < 8; c++) {
        corner.set(c & 1 ? box.max.x : box.min.x, c & 2 ? box.max.y : box.min.y, c & 4 ? box.max.z : box.min.z).applyMatrix4(part.matrixWorld);
        if (Number.isFinite(corner.x + corner.y + corner.z) && corner.length() < 20) into.push(corner.clone());
      }
    }
  }
  const points = [], base = [], moves = (body) => body.role === "dynamic" || (body.role === "robot" && body.poses.n > 1);
  for (let i = 0; i <= 12; i++) {
    place(report.frames[Math.round(i / 12 * (report.frames.length - 1))]);
    for (const body of bodies) if (moves(body)) corners(body, points);
  }
  const wide = (some) => new THREE.Box3().setFromPoints(some).getSize(new THREE.Vector3()).length();
  for (const body of bodies) if (body.role === "robot" && body.poses.n === 1) corners(body, base);
  if (base.length && (!points.length || wide(base) < 1.3 * wide(points))) points.push(...base); // a long rail would make all else small
  for (const { pose } of report.markers || []) points.push(new THREE.Vector3(pose[0], pose[1], pose[2]));
  if (!points.length) points.push(new THREE.Vector3(-0.5, -0.5, 0), new THREE.Vector3(0.5, 0.5, 1));
  const bounds = new THREE.Box3().setFromPoints(points), centre = bounds.getCenter(new THREE.Vector3());
  const radius = Math.max(0.1, bounds.getSize(new THREE.Vector3()).length() / 2);

  const sky = new THREE.HemisphereLight(0xffffff, 0x9aa4ad, 1.5), sun = new THREE.DirectionalLight(0xffffff, 2.1), rim = new THREE.DirectionalLight(0xdfeaff, 0.8);
  sun.position.copy(centre).add(new THREE.Vector3(0.9, -0.7, 1.9).multiplyScalar(1.6 * radius)); sun.target.position.copy(centre);
  rim.position.copy(centre).add(new THREE.Vector3(-1.2, 1.3, 0.8).multiplyScalar(1.6 * radius)); rim.target.position.copy(centre);
  sun.castShadow = true; sun.shadow.mapSize.set(2048, 2048); sun.shadow.normalBias = 0.004 * radius; sun.shadow.radius = 3;
  Object.assign(sun.shadow.camera, { left: -1.5 * radius, right: 1.5 * radius, top: 1.5 * radius, bottom: -1.5 * radius, near: 0.1 * radius, far: 7 * radius });
  scene.add(sky, sun, sun.target, rim, rim.target);
  const floors = bodies.filter((b) => b.solids.some((s) => s.shape === "plane")), floor = floors.length ? floors[0].poses.columns[2][0] : Math.min(0, bounds.min.z);
  const extent = Math.max(2, Math.ceil(2.5 * radius)), shade = new THREE.Mesh(new THREE.PlaneGeometry(8 * extent, 8 * extent), new THREE.ShadowMaterial({ opacity: 0.22, depthWrite: false }));
  shade.position.z = floor; shade.receiveShadow = true; shade.renderOrder = -1;
  scene.add(shade);
  let grid = null;
  const lines = {}, kind = (key) => key.split("/")[0]; // executed/right: of a partner
  function draw(key) {
    const hidden = lines[key] && !lines[key].visible;
    if (lines[key]) { scene.remove(lines[key]); lines[key].geometry.dispose(); delete lines[key]; }
    if (report.paths[key].n < 2) return;
    const planned = kind(key) === "planned";
    lines[key] = tube(report.paths[key], (planned ? 0.0022 : 0.003) * radius * 1.3, 0xffffff, planned);
    lines[key].visible = !hidden;
    scene.add(lines[key]);
  }
  Object.keys(report.paths).forEach(draw);
  const marks = {
    touches: makeTouches(scene, report.touches, radius), witness: makeWitness(scene, report.witness, radius), markers: makeMarkers(scene, report.markers || [], radius),
  };

  function theme() {
    if (grid) { scene.remove(grid); grid.geometry.dispose(); }
    grid = new THREE.GridHelper(2 * extent, 20 * extent > 80 ? 4 * extent : 20 * extent, css("--ground"), css("--ground"));
    grid.rotation.x = Math.PI / 2; grid.position.z = floor; grid.renderOrder = -2;
    Object.assign(grid.material, { transparent: true, opacity: 0.28, depthWrite: false });
    scene.add(grid);
    for (const key in lines) lines[key].material.color.set(css("--" + kind(key)));
    for (const key in marks) marks[key].colour(css("--" + key));
    for (const body of bodies) if (body.ghost) body.group.children.forEach((part) => part.material.color.set(css("--run" + body.run)));
    api.dirty = true;
  }

  const controls = new THREE.OrbitControls(camera, canvas);
  controls.addEventListener("change", () => { api.dirty = true; });
  controls.addEventListener("start", () => { api.touched = true; });

  // distance and target from which all points fill the picture, seen along a direction
  function frame(direction, seen, margin) {
    const back = new THREE.Vector3(...direction).normalize(), right = new THREE.Vector3().crossVectors(camera.up, back).normalize();
    const above = new THREE.Vector3().crossVectors(back, right), target = new THREE.Vector3(), tall = Math.tan(camera.fov * Math.PI / 360) / margin, wide = tall * camera.aspect;
    for (const p of seen) target.add(p);
    target.divideScalar(seen.length);
    let distance = 0;
    for (let round = 0; round < 4; round++) {
      const range = { x: [Infinity, -Infinity], y: [Infinity, -Infinity] };
      distance = 0;
      for (const p of seen) {
        const d = corner.copy(p).sub(target), x = d.dot(right), y = d.dot(above), z = d.dot(back);
        distance = Math.max(distance, z + Math.abs(x) / wide, z + Math.abs(y) / tall);
        range.x = [Math.min(range.x[0], x), Math.max(range.x[1], x)];
        range.y = [Math.min(range.y[0], y), Math.max(range.y[1], y)];
      }
      target.addScaledVector(right, (range.x[0] + range.x[1]) / 2).addScaledVector(above, (range.y[0] + range.y[1]) / 2);
    }
    return { target, position: target.clone().addScaledVector(back, distance) };
  }

  function toolAt(t) {
    const path = report.paths.executed || report.paths.run0;
    if (!path || !path.n) return centre;
    const k = Math.min(path.n - 1, nearestIndex(report.frames, t));
    return new THREE.Vector3(path.columns[0][k], path.columns[1][k], path.columns[2][k]);
  }

  const api = {
    dirty: true, touched: false, follow: false, pictures: 0, bodies, renderer,
    seek(t) {
      place(t);
      if (api.follow) { const move = toolAt(t).sub(controls.target); controls.target.add(move); camera.position.add(move); }
      const k = floorIndex(report.frames, t);
      for (const key in lines) if (kind(key) !== "planned") lines[key].geometry.setDrawRange(0, lines[key].perPoint * k);
      marks.touches.place(k); marks.witness.place(k);
      api.dirty = true;
    },
    camera(name, t) {
      api.follow = name === "tool"; api.name = name;
      const tool = toolAt(t), seen = api.follow ? [tool, ...[-1, 1].flatMap((s) => [0, 1, 2].map((a) => tool.clone().setComponent(a, tool.getComponent(a) + s * 0.28 * radius)))] : points;
      const { target, position } = frame(DIRECTIONS[name], seen, 1.12);
      camera.position.copy(position); controls.target.copy(api.follow ? tool : target);
      camera.near = radius / 50; camera.far = 60 * radius; camera.updateProjectionMatrix();
      controls.update(); api.dirty = true;
    },
    show(what, on) {
      const run = /^ghost(\d+)$/.exec(what);
      if (run) { if (on) hiddenRuns.delete(Number(run[1])); else hiddenRuns.add(Number(run[1])); }
      for (const key in lines) if (kind(key) === what) lines[key].visible = on;
      if (marks[what]) { marks[what].show(on); if (on) hiddenMarks.delete(what); else hiddenMarks.add(what); }
      api.dirty = true;
    },
    has: (what) => what in lines || Boolean(marks[what] && marks[what].has) || /^ghost/.test(what),
    marks, world: { scene, camera, controls, radius },
    update(fresh) {
      report.frames = fresh.frames; report.duration = fresh.duration;
      const poses = new Map(fresh.bodies.map((body) => [body.name, body.poses]));
      for (const body of bodies) if (poses.has(body.name)) body.poses = poses.get(body.name);
      Object.assign(report.paths, fresh.paths);
      Object.keys(fresh.paths).forEach(draw);
      for (const [key, make] of Object.entries({ touches: makeTouches, witness: makeWitness, markers: makeMarkers })) {
        marks[key].remove();
        marks[key] = make(scene, fresh[key] || (key === "markers" ? [] : null), radius);
        marks[key].show(!hiddenMarks.has(key));
      }
      theme();
    },
    theme,
    resize() {
      const { clientWidth: w, clientHeight: h } = canvas.parentElement, { ratio, full } = LEVELS[moving ? level : 0];
      renderer.setPixelRatio(Math.min(window.devicePixelRatio || 1, 2) * ratio);
      renderer.setSize(w, h, false);
      if (sun.castShadow !== full) {
        sun.castShadow = full;
        for (const { group } of bodies) for (const { geometry } of group.children) {
          const kept = geometry.userData;
          if (kept.fine) geometry.setIndex(full ? kept.fine : (kept.coarse = kept.coarse || coarseIndex(geometry)));
        }
      }
      camera.aspect = w / Math.max(1, h); camera.updateProjectionMatrix();
      api.dirty = true;
    },
    draw() { api.dirty = false; api.pictures++; renderer.render(scene, camera); },
    // a still picture is always drawn in full; one in motion is made simpler on a machine that is too slow for it
    motion(on) { if (on !== moving) { moving = on; if (level > 0) api.resize(); } },
    pace(ms) {
      slow = ms > SLOW_FRAME ? slow + 1 : 0;
      if (slow < 4 || level === LEVELS.length - 1) return;
      slow = 0; level++; api.resize();
    },
  };
  let level = software(renderer.getContext()) ? 1 : 0, slow = 0, moving = false;
  return api;
}
