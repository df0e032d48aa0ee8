"use strict";
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("chart-data").textContent);
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
  const SWATCH_DASHES = ["", "6 3", "2 2", "6 2 2 2", "10 3", "10 2 2 2"];
  const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "x", "star"];
  const MARKS = ["●", "■", "◆", "▲", "✕", "★"];
  const PAPER_WIDTH = 680;
  const hidden = new Set();
  root.classList.add("scripted");

  // ---- tables ------------------------------------------------------------------------------------------

  const key = (cell) => {
    if (cell.dataset.value === undefined) return cell.textContent.trim();
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  };

  const compared = (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });

  function sortTable(table, header) {
    const body = table.tBodies[0];
    const column = header.cellIndex;
    const descending = header.getAttribute("aria-sort") === "ascending";
    const keyed = [...body.rows].map((row) => ({ row, value: key(row.cells[column]) }));
    keyed.sort((a, b) => {
      if (a.value === null || b.value === null) return (a.value === null) - (b.value === null);
      return descending ? compared(b.value, a.value) : compared(a.value, b.value);
    });
    body.append(...keyed.map((entry) => entry.row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    if (table.tBodies[0].rows.length < 2) continue;
    for (const header of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sortTable(table, header));
    }
  }

  // ---- how charts look ---------------------------------------------------------------------------------

  if (!window.Plotly) return;

  // Plotly reads tags, entities and $TeX$ in every text it is given; after this it shows them as they are.
  const plain = (text, longest = 70) => {
    const whole = String(text);
    const cut = whole.length > longest ? `${whole.slice(0, longest - 1)}…` : whole;
    return cut.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("$", "&#36;");
  };
  const variable = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const colour = (family) => variable(`--c${family % 8}`);
  const faded = (hex, share) => hex + Math.round(255 * share).toString(16).padStart(2, "0");
  const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;
  const isNarrow = (place) => !root.hasAttribute("data-printing") && place.clientWidth < 560;
  const families = Math.max(1, ...data.contestants.map((one) => one.family + 1));
  const coarse = matchMedia("(pointer: coarse)");

  // Curves that lie on one another all show: the first is the widest, the later ones run inside it.
  const lineWidth = (one) => (families > 1 && data.contestants.some((other) => other.kind === one.kind && other !== one)
    ? Math.max(1.6, 5.5 - 1.9 * one.family) : 2.2);

  const digits = (value) => (value === null || value === undefined ? "–" : Number(value.toPrecision(4)).toString());
  const duration = (seconds) => {
    if (seconds === null || seconds === undefined) return "–";
    const [scale, unit] = unitOf(seconds);
    return `${Number((seconds * scale).toPrecision(3))} ${unit}`;
  };
  const unitOf = (seconds) => (seconds >= 1 ? [1, "s"] : seconds >= 1e-3 ? [1e3, "ms"] : [1e6, "µs"]);
  const spans = (values, factor) => {
    const good = values.filter((value) => value > 0);
    return good.length > 1 && Math.max(...good) > factor * Math.min(...good);
  };

  function axis(title, more = {}) {
    return {
      title: { text: title, standoff: 8 }, gridcolor: variable("--grid"), linecolor: variable("--soft"),
      zeroline: false, showline: true, ticks: "outside", ticklen: 4, tickcolor: variable("--soft"),
      exponentformat: "power", minexponent: 4, automargin: true, ...more,
    };
  }

  function layout(place, height, more) {
    const narrow = isNarrow(place);
    return {
      height, autosize: !root.hasAttribute("data-printing"),
      ...(root.hasAttribute("data-printing") ? { width: PAPER_WIDTH } : {}),
      margin: { l: narrow ? 46 : 62, r: 12, t: 12, b: 48 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif", size: 12.5, color: variable("--ink") },
      hoverlabel: { bgcolor: variable("--paper"), bordercolor: variable("--soft"), font: { color: variable("--ink"), size: 12 }, align: "left" },
      hovermode: "closest", showlegend: false, dragmode: coarse.matches ? false : "zoom",
      modebar: { bgcolor: "rgba(0,0,0,0)", color: variable("--soft"), activecolor: variable("--link") },
      ...more,
    };
  }

  function draw(name, traces, shape) {
    const place = byId(`chart-${name}`);
    if (!place) return;
    Plotly.react(place, traces, shape(place), {
      responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
      toImageButtonOptions: { format: "svg", filename: name },
    });
  }

  // Ticks in plain numbers at 1, 2 and 5, or at powers of ten where there are many.
  function logTicks(values) {
    const good = values.filter((value) => value > 0);
    if (!good.length) return { type: "log" };
    const low = Math.floor(Math.log10(Math.min(...good)));
    const high = Math.ceil(Math.log10(Math.max(...good)));
    const steps = high - low > 7 ? [] : high - low > 3 ? [1] : high - low > 2 ? [1, 3] : [1, 2, 5];
    if (!steps.length) return { type: "log", dtick: Math.ceil((high - low) / 7) };
    const tickvals = [];
    for (let power = low - 1; power <= high; power += 1) tickvals.push(...steps.map((step) => Number(`${step}e${power}`)));
    return { type: "log", tickvals, ticktext: tickvals.map(tickText) };
  }

  const tickText = (value) => (value >= 1e5 || value < 1e-4 ? value.toExponential().replace("e+", "e") : value.toLocaleString("en", { maximumSignificantDigits: 3 }));

  // Rows of a chart carry their names above them, so that long ones fit on a phone.
  const rowNames = (names) => names.map((text, row) => ({
    xref: "paper", x: 0, xanchor: "left", y: -row + 0.38, yanchor: "middle", showarrow: false, align: "left", text,
  }));
  const rowAxis = (count) => ({ range: [-count + 0.6, 0.66], visible: false, fixedrange: true });

  // ---- learning curves ---------------------------------------------------------------------------------

  const AXES = { epochs: "epochs", updates: "updates of the weights", seconds: "seconds of training, evaluation excluded" };

  function curveTraces(quantity, scale) {
    const against = chosen("axis");
    const traces = [];
    const density = data.curves.length - hidden.size > 12 ? 0.04 : 0.14;
    for (const curve of data.curves) {
      const values = curve[quantity];
      const one = data.contestants[curve.contestant];
      if (!values || hidden.has(curve.contestant)) continue;
      const scaled = (list) => list.map((value) => (value === null ? null : value * scale));
      const x = curve[against];
      const ink = colour(one.family);
      if (curve.seeds > 1) {
        const edge = { x, mode: "lines", line: { width: 0, color: ink }, hoverinfo: "skip", type: "scatter" };
        traces.push({ ...edge, y: scaled(values.low) });
        traces.push({ ...edge, y: scaled(values.high), fill: "tonexty", fillcolor: faded(ink, density) });
      }
      const name = plain(one.name);
      traces.push({
        type: "scatter", mode: "lines+markers", x, y: scaled(values.mean), name,
        line: { color: ink, width: lineWidth(one), dash: DASHES[one.kind % DASHES.length] },
        marker: { color: ink, symbol: SYMBOLS[one.kind % SYMBOLS.length], size: 6, maxdisplayed: 12 },
        hoverinfo: "text",
        text: x.map((_, at) => `<b>${name}</b><br>${digits(scale * values.mean[at])}${scale > 1 ? "%" : ""}`
          + ` (${digits(scale * values.low[at])} to ${digits(scale * values.high[at])}, ${curve.seeds} seed${curve.seeds > 1 ? "s" : ""})`
          + `<br>epoch ${digits(curve.epochs[at])}, update ${digits(curve.updates[at])}, ${duration(curve.seconds[at])}`),
      });
    }
    return traces;
  }

  function drawCurves() {
    const against = chosen("axis");
    const shown = data.curves.filter((curve) => !hidden.has(curve.contestant));
    const ends = shown.map((curve) => curve[against].at(-1));
    const wide = against !== "epochs" && spans(ends, 8);
    const x = () => axis(AXES[against] + (wide ? " (logarithmic)" : ""), wide ? logTicks(shown.flatMap((curve) => curve[against])) : { rangemode: "tozero", ...few });
    const few = against === "epochs" && Math.max(...ends) < 10 ? { dtick: 1 } : {};
    const loss = chosen("loss");
    const losses = shown.flatMap((curve) => curve[loss]?.mean ?? []);
    const log = spans(losses, 8);
    draw("loss", curveTraces(loss, 1), (place) => layout(place, isNarrow(place) ? 320 : 400, {
      xaxis: x(),
      yaxis: axis(`${loss === "train_loss" ? "training" : "test"} loss`, log ? logTicks(losses) : { rangemode: "tozero" }),
    }));
    draw("accuracy", curveTraces("test_accuracy", 100), (place) => layout(place, isNarrow(place) ? 320 : 400, {
      xaxis: x(), yaxis: axis("test accuracy, %"),
    }));
  }

  // ---- times -------------------------------------------------------------------------------------------

  function drawTimes() {
    const shown = data.times.filter((time) => !hidden.has(time.contestant));
    const [scale, unit] = unitOf(Math.max(0, ...shown.map((time) => time.point)));
    const traces = shown.flatMap((time, row) => {
      const one = data.contestants[time.contestant];
      const ink = colour(one.family);
      const symbol = SYMBOLS[one.kind % SYMBOLS.length];
      const name = plain(one.name);
      const interval = time.low === null ? "no interval: one process" : `95% interval ${duration(time.low)} to ${duration(time.high)}`;
      return [
        {
          type: "scatter", mode: "markers", x: time.samples.map((value) => value * scale),
          y: time.samples.map((_, at) => -row - 0.06 + 0.055 * ((at * 7) % 5 - 2)),
          marker: { color: faded(ink, 0.45), size: 5, symbol }, hoverinfo: "text",
          text: time.samples.map((value) => `${name}<br>${duration(value)} an update, one sample of ${time.of}`),
        },
        {
          type: "scatter", mode: "markers", x: [time.point * scale], y: [-row - 0.06],
          error_x: time.low === null ? {} : {
            type: "data", symmetric: false, array: [(time.high - time.point) * scale], arrayminus: [(time.point - time.low) * scale],
            color: ink, thickness: 2, width: 7,
          },
          marker: { color: ink, size: 11, symbol, line: { color: variable("--paper"), width: 1.5 } }, hoverinfo: "text",
          text: [`<b>${name}</b><br>${duration(time.point)} an update<br>${interval}`],
        },
      ];
    });
    const everything = shown.flatMap((time) => [...time.samples, time.point, time.low ?? time.point, time.high ?? time.point].map((value) => value * scale));
    const log = spans(everything, 8);
    draw("times", traces, (place) => layout(place, 70 + 52 * Math.max(1, shown.length), {
      xaxis: axis(`${unit} an update${log ? " (logarithmic)" : ""}`, log ? logTicks(everything) : { rangemode: "tozero" }),
      yaxis: rowAxis(shown.length), margin: { l: 10, r: 12, t: 4, b: 48 },
      annotations: rowNames(shown.map((time) => plain(data.contestants[time.contestant].name, isNarrow(place) ? 44 : 110))),
    }));
  }

  // ---- parity ------------------------------------------------------------------------------------------

  const groups = [...new Set(data.errors.map((row) => row.group))];
  const select = byId("error-group");
  if (select) {
    select.append(...groups.map((group) => new Option(group, group)));
    if (groups.length < 2) select.parentElement.hidden = true;
    select.addEventListener("change", drawErrors);
  }

  function drawErrors() {
    const rows = data.errors.filter((row) => row.group === select?.value);
    if (!rows.length) return;
    const names = [...new Set(rows.map((row) => row.implementation))];
    const tensors = [...new Set(rows.map((row) => row.tensor))];
    const positive = rows.flatMap((row) => [row.error, row.tolerance]).filter((value) => value > 0);
    const floor = Math.min(...positive) / 3;
    const height = (row) => -tensors.indexOf(row.tensor);
    const traces = names.flatMap((name, family) => {
      const own = rows.filter((row) => row.implementation === name && row.error !== null);
      const ink = colour(family);
      const shift = names.length > 1 ? 0.36 * (family / (names.length - 1) - 0.5) : 0;
      return [
        {
          type: "scatter", mode: "markers", hoverinfo: "skip", x: own.map((row) => row.tolerance), y: own.map((row) => height(row) - shift),
          marker: { symbol: "line-ns", size: 11, line: { width: 2, color: ink } },
        },
        {
          type: "scatter", mode: "markers", x: own.map((row) => row.error || floor), y: own.map((row) => height(row) - shift), hoverinfo: "text",
          marker: { color: own.map((row) => (row.passed ? ink : variable("--bad"))), size: 9, symbol: own.map((row) => (row.passed ? SYMBOLS[family % SYMBOLS.length] : "x")) },
          text: own.map((row) => `<b>${plain(row.tensor)}</b>, ${plain(name)}<br>error ${row.error.toExponential(1)}, tolerance ${digits(row.tolerance)}<br>${row.passed ? "equal to rounding" : "NOT EQUAL"}`),
        },
      ];
    });
    draw("errors", traces, (place) => layout(place, 96 + 26 * tensors.length, {
      xaxis: axis("normwise relative error (logarithmic)", { type: "log", dtick: spans(positive, 1e5) ? 2 : 1 }),
      yaxis: axis("", { tickvals: tensors.map((_, at) => -at), ticktext: tensors.map((text) => plain(text, 16)), range: [-tensors.length + 0.4, 0.6], fixedrange: true, ticks: "", showline: false }),
      margin: { l: 46, r: 12, t: 30, b: 48 }, annotations: keyAbove(names),
    }));
  }

  // One line above the plot that says which colour is whose.
  const keyAbove = (names) => [{
    xref: "paper", yref: "paper", x: 0, y: 1, xanchor: "left", yanchor: "bottom", showarrow: false, align: "left",
    text: names.map((name, family) => `<span style="color:${colour(family)}">${MARKS[family % MARKS.length]} ${plain(name, 28)}</span>`).join("   "),
  }];

  // ---- batch sizes -------------------------------------------------------------------------------------

  const EFFORTS = { seconds_to_target: "seconds of training to the target", updates_to_target: "updates to the target", seconds_per_epoch: "seconds an epoch" };

  function drawSweep() {
    if (!data.sweep.length) return;
    const effort = chosen("effort");
    const traces = data.sweep.map((line) => {
      const value = line[effort];
      const bound = (end, at) => (line[`${effort}_${end}`][at] === null || value[at] === null ? 0 : Math.abs(line[`${effort}_${end}`][at] - value[at]));
      const ink = colour(line.family);
      return {
        type: "scatter", mode: "lines+markers", x: line.rows, y: value, connectgaps: false,
        line: { color: ink, width: 2.2, dash: DASHES[line.family % DASHES.length] }, marker: { color: ink, size: 8, symbol: SYMBOLS[line.family % SYMBOLS.length] },
        error_y: { type: "data", symmetric: false, array: value.map((_, at) => bound("high", at)), arrayminus: value.map((_, at) => bound("low", at)), color: ink, thickness: 1.4, width: 4 },
        hoverinfo: "text",
        text: value.map((number, at) => `<b>${plain(line.name)}</b><br>${line.rows[at]} rows a batch: ${digits(number)} ${EFFORTS[effort]}<br>${plain(line.reached[at])} reached it`),
      };
    });
    const everything = data.sweep.flatMap((line) => line.rows);
    draw("sweep", traces, (place) => layout(place, 400, {
      xaxis: axis("rows a batch (logarithmic)", { type: "log", tickvals: [...new Set(everything)], tickformat: "d" }),
      yaxis: axis(`${EFFORTS[effort]} (logarithmic)`, logTicks(data.sweep.flatMap((line) => line[effort]))),
      margin: { l: 62, r: 12, t: 30, b: 48 }, annotations: keyAbove(data.sweep.map((line) => line.name)),
    }));
  }

  // ---- attribution -------------------------------------------------------------------------------------

  function drawAttribution(outcome) {
    const rows = data.attribution.filter((row) => row.outcome === outcome);
    if (!rows.length) return;
    const isTime = outcome === "seconds_per_epoch";
    const told = (value) => (isTime ? `×${digits(Number(Math.exp(value).toPrecision(3)))}` : `${value > 0 ? "+" : ""}${digits(Number(value.toPrecision(3)))} points`);
    const bars = [];
    let at = 0;
    for (const row of rows) {
      bars.push({ ...row, base: at, text: `${row.factor}: ${row.change}` });
      at += row.contribution;
    }
    const whole = { base: 0, contribution: rows[0].total, text: "all together" };
    const traces = bars.map((bar, row) => {
      const interval = bar.low === null ? "" : ` [${told(bar.low)}, ${told(bar.high)}]`;
      const error = { type: "data", symmetric: false, array: [bar.high - bar.contribution], arrayminus: [bar.contribution - bar.low], color: variable("--ink"), thickness: 1.2, width: 4 };
      const ink = colour(bar.contribution < 0 ? 0 : 1);
      return { ...barTrace(bar, row, ink, `${told(bar.contribution)}${interval}`), error_x: bar.low === null ? {} : error };
    });
    traces.push(barTrace(whole, rows.length, variable("--soft"), told(whole.contribution)));
    bars.push({ ...whole, low: null, high: null });
    const ends = bars.flatMap((bar) => [bar.base, bar.base + bar.contribution, bar.low === null ? 0 : bar.base + bar.low, bar.high === null ? 0 : bar.base + bar.high]);
    draw(`attribution-${outcome}`, traces, (place) => layout(place, 80 + 54 * bars.length, {
      xaxis: axis(isTime ? "times the seconds an epoch (logarithmic)" : "points of test accuracy", { ...(isTime ? factorTicks(Math.min(...ends), Math.max(...ends)) : {}), zeroline: true, zerolinecolor: variable("--ink"), zerolinewidth: 1 }),
      barmode: "overlay", yaxis: rowAxis(bars.length), margin: { l: 10, r: 12, t: 4, b: 48 },
      annotations: rowNames(bars.map((bar) => `${plain(bar.text, isNarrow(place) ? 34 : 90)}  <b>${told(bar.contribution)}</b>`)),
    }));
  }

  const barTrace = (bar, row, ink, told) => ({
    type: "bar", orientation: "h", y: [-row - 0.02], width: [0.34], base: [bar.base], x: [bar.contribution],
    marker: { color: ink }, hoverinfo: "text", textposition: "none", text: [`<b>${plain(bar.text)}</b><br>${told}`],
  });

  function factorTicks(low, high) {
    const wide = high - low > Math.log(200);
    const values = [];
    for (let power = Math.floor(low / Math.LN10) - 1; power <= Math.ceil(high / Math.LN10) + 1; power += 1) {
      for (const step of wide ? [1] : high - low > Math.log(12) ? [1, 3] : [1, 1.5, 2, 3, 5]) values.push(step * 10 ** power);
    }
    return { tickvals: values.map(Math.log), ticktext: values.map((value) => `×${Number(value.toPrecision(2))}`) };
  }

  // ---- controls ----------------------------------------------------------------------------------------

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

  // ---- paper -------------------------------------------------------------------------------------------

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
})();
