// What the reader can choose; dark mode and paper.

function swatch(one) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("class", "swatch");
  picture.setAttribute("width", "38");
  picture.setAttribute("height", "14");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "line");
  const attributes = { x1: 0, y1: 7, x2: 38, y2: 7, "stroke-width": lineWidth(one), "stroke-dasharray": SWATCH_DASHES[one.kind % 6] };
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, value);
  const mark = document.createElementNS(space, "text");
  for (const [name, value] of Object.entries({ x: 19, y: 11, "text-anchor": "middle", "font-size": 11 })) mark.setAttribute(name, value);
  mark.textContent = MARKS[one.kind % MARKS.length];
  line.style.stroke = mark.style.fill = `var(--c${one.family % 8})`;
  picture.append(line, mark);
  return picture;
}

function addContestant(place) {
  const one = data.contestants[place];
  const label = document.createElement("label");
  const box = document.createElement("input");
  const name = document.createElement("span");
  box.type = "checkbox";
  box.checked = true;
  box.dataset.contestant = place;
  name.textContent = one.name;
  label.append(box, swatch(one), name);
  box.addEventListener("change", () => show([box], box.checked));
  byId("legend-entries").append(label);
}

function show(boxes, visible) {
  for (const box of boxes) {
    box.checked = visible;
    box.parentElement.classList.toggle("hidden", !visible);
    hidden[visible ? "delete" : "add"](Number(box.dataset.contestant));
  }
  drawCurves();
  drawTimes();
}

function drawAll() {
  if (data.curves.length) drawCurves();
  if (data.times.length) drawTimes();
  drawErrors();
  drawSweep();
  drawAttribution("seconds_per_epoch");
  drawAttribution("test_accuracy");
}

const placesOf = (rows) => rows.map((row) => row.contestant);
if (byId("legend")) {
  for (const place of new Set(placesOf(data.curves))) addContestant(place);
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => show([...document.querySelectorAll("#legend-entries input")], button.dataset.show === "all"));
  }
}
for (const name of ["axis", "loss", "effort"]) {
  for (const radio of document.querySelectorAll(`input[name="${name}"]`)) {
    radio.addEventListener("change", name === "effort" ? drawSweep : drawCurves);
  }
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
matchMedia("(max-width: 40rem)").addEventListener("change", drawAll);

let closed = [];
addEventListener("beforeprint", () => {
  if (root.hasAttribute("data-printing")) return;
  root.setAttribute("data-printing", "");
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) details.open = true;
  drawAll();
});
addEventListener("afterprint", () => {
  root.removeAttribute("data-printing");
  for (const details of closed) details.open = false;
  drawAll();
});

drawAll();
