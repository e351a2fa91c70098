// What the 3D view marks: {place(frame), has, show(on), colour(c), remove()} each.
//   makeTouches(scene, touches, radius)   makeWitness(scene, witness, radius)   makeMarkers(scene, markers, radius)

// small things that are seen through everything: what is touched, what is closest, where the tool should have come
function overlay(geometry) {
  const material = new THREE.MeshBasicMaterial({ depthTest: false, transparent: true, opacity: 0.9 });
  return Object.assign(new THREE.Mesh(geometry, material), { renderOrder: 5, visible: false, frustumCulled: false });
}

// points of contact as balls, larger for a larger force
function makeTouches(scene, touches, radius) {
  const most = touches ? Math.max(0, ...touches.starts.map((s, k) => (k ? s - touches.starts[k - 1] : 0))) : 0;
  const strongest = touches ? touches.points.columns[3].reduce((a, b) => Math.max(a, b), 1e-9) : 1;
  const balls = Array.from({ length: most }, () => overlay(new THREE.SphereGeometry(1, 12, 8)));
  balls.forEach((ball) => scene.add(ball));
  let on = true, frame = 0;
  function place(k) {
    frame = k;
    const from = touches ? touches.starts[k] : 0, count = touches && on ? touches.starts[k + 1] - from : 0;
    balls.forEach((ball, i) => {
      ball.visible = i < count;
      if (!ball.visible) return;
      const [x, y, z, force] = touches.points.columns.map((c) => c[from + i]);
      ball.position.set(x, y, z); ball.scale.setScalar(radius * (0.006 + 0.01 * Math.sqrt(force / strongest)));
    });
    return count;
  }
  return { place, has: most > 0, remove() { balls.forEach((b) => scene.remove(b)); }, show(value) { on = value; place(frame); }, colour(c) { balls.forEach((b) => b.material.color.set(c)); } };
}

// a rod between the two points that are closest
function makeWitness(scene, witness, radius) {
  const rod = overlay(new THREE.CylinderGeometry(1, 1, 1, 8).rotateX(Math.PI / 2)), ends = [0, 1].map(() => overlay(new THREE.SphereGeometry(1, 12, 8)));
  const parts = [rod, ...ends], a = new THREE.Vector3(), b = new THREE.Vector3(), has = Boolean(witness);
  parts.forEach((part) => scene.add(part));
  let on = true, frame = 0;
  function place(k) {
    frame = k;
    const row = has ? witness.columns.map((c) => c[k]) : [], seen = has && on && row.every(Number.isFinite);
    parts.forEach((part) => { part.visible = seen; });
    if (!seen) return;
    a.set(row[0], row[1], row[2]); b.set(row[3], row[4], row[5]);
    rod.position.copy(a).add(b).multiplyScalar(0.5); rod.lookAt(b);
    rod.scale.set(0.0035 * radius, 0.0035 * radius, Math.max(1e-6, a.distanceTo(b)));
    ends.forEach((end, i) => { end.position.copy(i ? b : a); end.scale.setScalar(0.008 * radius); });
  }
  return { place, has, remove() { parts.forEach((p) => scene.remove(p)); }, show(value) { on = value; place(frame); }, colour(c) { parts.forEach((p) => p.material.color.set(c)); } };
}

// a pose as three axes (x, y, z: long, middle, short) with a ball
function makeMarkers(scene, markers, radius) {
  const groups = markers.map(({ pose }) => {
    const group = new THREE.Group(), ball = overlay(new THREE.SphereGeometry(0.02 * radius, 16, 12));
    group.add(ball);
    [["x", 0.16], ["y", 0.12], ["z", 0.08]].forEach(([axis, length]) => {
      const rod = overlay(new THREE.CylinderGeometry(0.006 * radius, 0.006 * radius, length * radius, 8).translate(0, length * radius / 2, 0));
      if (axis === "x") rod.rotateZ(-Math.PI / 2); else if (axis === "z") rod.rotateX(Math.PI / 2);
      group.add(rod);
    });
    group.children.forEach((part) => { part.visible = true; });
    group.position.set(pose[0], pose[1], pose[2]); group.quaternion.set(pose[3], pose[4], pose[5], pose[6]);
    scene.add(group);
    return group;
  });
  const every = () => groups.flatMap((g) => g.children);
  return { has: groups.length > 0, groups, remove() { groups.forEach((g) => scene.remove(g)); }, show(value) { groups.forEach((g) => { g.visible = value; }); }, colour(c) { every().forEach((p) => p.material.color.set(c)); } };
}
