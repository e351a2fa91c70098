// Controls from the schema's description: sliders, menus, switches.
//   makeControls(holder, changed, act) -> {update(groups)}
//     changed(key, value, last)   last: the end of a gesture      act(message): what a button asks for
// Where the same controls come again only their values are set; what is in the hand stays as it is.

function make(tag, words = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), words);
  element.append(...inside.filter((part) => part !== null));
  return element;
}

const digits = (x) => (x === 0 ? "0" : String(Number(Math.abs(x) >= 1e6 ? x.toPrecision(6) : x.toPrecision(5))));
const STEPS = 1000; // of a slider

// a slider with the number beside it; get() and set(value) of the number
function slide({ low, high, log, whole }, label, told) {
  const range = make("input", { type: "range", min: 0, max: STEPS, step: 1 }), exact = make("input", { type: "number", step: "any" });
  if (whole && high - low <= STEPS) range.max = high - low;
  const most = Number(range.max);
  range.setAttribute("aria-label", label); exact.setAttribute("aria-label", label + ", exactly");
  const toValue = (s) => {
    const share = s / most, x = log ? low * (high / low) ** share : low + share * (high - low);
    return whole ? Math.round(x) : Number(x.toPrecision(4));
  };
  const toPlace = (x) => Math.round(most * Math.min(1, Math.max(0, log ? Math.log(Math.max(x, 1e-300) / low) / Math.log(high / low) : (x - low) / (high - low))));
  function write(x) { exact.value = digits(x); range.value = toPlace(x); range.setAttribute("aria-valuetext", digits(x)); }
  range.addEventListener("input", () => { const x = toValue(Number(range.value)); exact.value = digits(x); range.setAttribute("aria-valuetext", digits(x)); told(x, false); });
  range.addEventListener("change", () => told(toValue(Number(range.value)), true));
  exact.addEventListener("change", () => { if (exact.value !== "" && Number.isFinite(Number(exact.value))) { range.value = toPlace(Number(exact.value)); told(Number(exact.value), true); } });
  return { parts: [range, exact], write, held: () => document.activeElement === exact || range.matches(":active"), able(on) { range.disabled = exact.disabled = !on; } };
}

function numberControl(c, changed, act) {
  const shown = (value) => (typeof value === "number" ? value : c.value_left_out ?? (c.low > 0 ? Math.sqrt(c.low * c.high) : c.low));
  const slider = slide(c, c.label, (x, last) => changed(c.key, x, last)), box = make("div", { className: "control" });
  const head = make("div", { className: "head" }, make("span", { textContent: c.label }), make("small", { textContent: c.unit }));
  let auto = null;
  if ("left_out" in c) {
    auto = make("input", { type: "checkbox" });
    auto.addEventListener("change", () => changed(c.key, auto.checked ? c.left_out : Number(shown(null).toPrecision(4)), true));
    head.append(make("label", {}, auto, c.left_out === "auto" || c.value_left_out !== undefined ? " auto" : " left out"));
  }
  if (c.split) {
    const split = make("button", { type: "button", className: "tiny", textContent: "one a joint" });
    split.addEventListener("click", () => changed(c.key, Array(c.split).fill(current), true));
    head.append(split);
  }
  let current = c.value;
  box.append(head, make("div", { className: "row" }, ...slider.parts));
  return { box, write(fresh) {
    current = fresh.value;
    const open = auto && fresh.value === c.left_out;
    if (auto) auto.checked = open;
    slider.able(!open);
    if (fresh.value_left_out !== undefined) c.value_left_out = fresh.value_left_out;
    if (!slider.held()) slider.write(shown(fresh.value));
  } };
}

function numbersControl(c, changed) {
  let values = [...c.value];
  const short = shortNames(c.names);
  const sliders = c.ends.map(([low, high, log], i) => slide({ low, high, log, whole: c.whole }, `${c.label} ${c.names[i]}`, (x, last) => { values[i] = x; changed(c.key, [...values], last); }));
  const rows = sliders.map((s, i) => make("div", { className: "row named" }, make("label", { textContent: short[i], title: c.names[i] }), ...s.parts));
  const head = make("div", { className: "head" }, make("span", { textContent: c.label }), make("small", { textContent: c.unit }));
  const box = make("div", { className: "control" }, head);
  let all = null, from = null;
  if (c.scale && values.length > 1 && values.some((x) => x > 0)) { // all of them in proportion
    all = slide({ low: 0.1, high: 10, log: true, whole: false }, `${c.label}, all, factor`, (factor, last) => {
      from = from || [...values];
      values = from.map((x) => Number((x * factor).toPrecision(4)));
      sliders.forEach((s, i) => s.write(values[i]));
      changed(c.key, [...values], last);
      if (last) { from = null; all.write(1); }
    });
    all.write(1);
    box.append(make("div", { className: "row named" }, make("label", { textContent: "all \u00d7" }), ...all.parts), make("details", {}, make("summary", { textContent: `each (${values.length})` }), ...rows));
  } else box.append(...rows);
  return { box, write(fresh) {
    if (all && all.held()) return;
    if (!sliders.some((s) => s.held())) values = [...fresh.value];
    sliders.forEach((s, i) => { if (!s.held()) s.write(fresh.value[i]); });
  } };
}

function choiceControl(c, changed) {
  const menu = make("select", {}, ...c.choices.map((x) => make("option", { value: JSON.stringify(x), textContent: typeof x === "string" ? x.replaceAll("_", " ") : digits(x) })));
  menu.setAttribute("aria-label", c.label);
  menu.addEventListener("change", () => changed(c.key, JSON.parse(menu.value), true));
  const head = make("div", { className: "head" }, make("span", { textContent: c.label }), make("small", { textContent: c.unit }));
  return { box: make("div", { className: "control" }, head, menu), write(fresh) { menu.value = JSON.stringify(fresh.value); } };
}

function switchControl(c, changed) {
  const box = make("input", { type: "checkbox" });
  box.addEventListener("change", () => changed(c.key, box.checked, true));
  return { box: make("div", { className: "control" }, make("label", {}, box, " " + c.label)), write(fresh) { box.checked = Boolean(fresh.value); } };
}

const MAKERS = { number: numberControl, numbers: numbersControl, choice: choiceControl, switch: switchControl };

function makeControls(holder, changed, act) {
  let shape = "", widgets = new Map();
  const opened = new Map();
  const shapeOf = (groups) => JSON.stringify(groups.map((g) => [g.title, g.add, g.remove, g.controls.map((c) => [c.key, c.kind, c.choices, c.names, "left_out" in c])]));

  function build(groups) {
    widgets = new Map();
    holder.replaceChildren(...groups.map((group) => {
      const box = make("details", { open: opened.get(group.title) ?? group.open });
      box.addEventListener("toggle", () => opened.set(group.title, box.open));
      box.append(make("summary", {}, group.title));
      for (const c of group.controls) {
        const widget = MAKERS[c.kind]({ ...c }, changed, act);
        widget.box.title = c.about; widget.box.dataset.key = c.key;
        widgets.set(c.key, widget);
        box.append(widget.box);
      }
      if ("remove" in group) {
        const button = make("button", { type: "button", className: "tiny", textContent: "remove" });
        button.addEventListener("click", () => act({ do: "remove", number: group.remove }));
        box.append(make("div", { className: "control" }, button));
      }
      if (group.add) {
        const bar = make("div", { className: "actions control" });
        for (const kind of group.add) {
          const button = make("button", { type: "button", className: "tiny", textContent: "+ " + kind.replaceAll("_", " ") });
          button.addEventListener("click", () => act({ do: "add", kind }));
          bar.append(button);
        }
        box.append(bar);
      }
      return box;
    }));
  }

  return { update(groups) {
    const fresh = shapeOf(groups);
    if (fresh !== shape) { build(groups); shape = fresh; }
    for (const group of groups) for (const c of group.controls) widgets.get(c.key).write(c);
  } };
}
