// What it took to reach the target, by batch size, and what each factor contributed.

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
  const missing = missedMarks(effort);
  const everything = data.sweep.flatMap((line) => line.rows);
  draw("sweep", [...traces, ...missing], (place) => layout(place, missing.length ? 490 : 400, {
    xaxis: axis("rows a batch (logarithmic)", { type: "log", tickvals: [...new Set(everything)], tickformat: "d" }),
    yaxis: axis(`${EFFORTS[effort]} (logarithmic)`, { ...logTicks(data.sweep.flatMap((line) => line[effort])), domain: [0, missing.length ? 0.82 : 1] }),
    ...(missing.length ? missedStrip(data.sweep.length) : {}),
    margin: { l: 62, r: 12, t: 30, b: 48 }, annotations: keyAbove(data.sweep.map((line) => line.name)),
  }));
}

// Who did not get to the target has no value: open triangles, and how many runs did, in a strip above the axis.
function missedMarks(effort) {
  if (effort === "seconds_per_epoch") return [];
  const counted = new Set();
  return data.sweep.map((line, turn) => {
    const at = line.rows.map((_, place) => place).filter((place) => line[effort][place] === null);
    const told = at.map((place) => `${line.rows[place]} ${line.reached[place]}`);
    const isFirst = told.map((one) => !counted.has(one) && counted.add(one));
    const ink = colour(line.family);
    return {
      type: "scatter", mode: "markers+text", yaxis: "y2", x: at.map((place) => line.rows[place]), y: at.map(() => data.sweep.length - turn),
      text: at.map((place, one) => (isFirst[one] ? plain(line.reached[place]) : "")), textposition: "middle left", textfont: { size: 11 },
      marker: { color: ink, size: 8, symbol: "triangle-up-open", line: { width: 1.6 } }, cliponaxis: false,
      hoverinfo: "text", hovertext: at.map((place) => `<b>${plain(line.name)}</b><br>${line.rows[place]} rows a batch: target not reached<br>${plain(line.reached[place])} reached it`),
    };
  }).filter((trace) => trace.x.length);
}

const missedStrip = (lines) => ({
  yaxis2: { domain: [0.85, 1], range: [0.3, lines + 0.7], anchor: "x", fixedrange: true, showgrid: false, zeroline: false, tickvals: [(lines + 1) / 2], ticktext: ["not<br>reached"] },
  shapes: [{ type: "rect", layer: "below", xref: "paper", yref: "paper", x0: 0, x1: 1, y0: 0.85, y1: 1, fillcolor: variable("--faint"), line: { width: 0 } }],
});

function drawAttribution(outcome) {
  const rows = data.attribution.filter((row) => row.outcome === outcome);
  if (!rows.length) return;
  const isTime = outcome === "seconds_per_epoch";
  const told = (value) => (isTime ? `×${digits(Number(Math.exp(value).toPrecision(3)))}` : `${value > 0 ? "+" : ""}${digits(Number(value.toPrecision(3)))} points`);
  const noted = (bar) => (bar.note ? ` (${bar.note})` : "");
  const bars = [];
  let at = 0;
  for (const row of rows) {
    bars.push({ ...row, base: at, text: `${row.factor}: ${row.change}` });
    at += row.contribution;
  }
  const whole = { base: 0, contribution: rows[0].total, text: "all together", note: "" };
  const traces = bars.map((bar, row) => {
    const interval = bar.low === null ? "" : ` [${told(bar.low)}, ${told(bar.high)}]`;
    const error = { type: "data", symmetric: false, array: [bar.high - bar.contribution], arrayminus: [bar.contribution - bar.low], color: variable("--ink"), thickness: 1.2, width: 4 };
    const ink = colour(bar.contribution < 0 ? 0 : 1);
    return { ...barTrace(bar, row, ink, `${told(bar.contribution)}${interval}${noted(bar)}`), error_x: bar.low === null ? {} : error };
  });
  traces.push(barTrace(whole, rows.length, variable("--soft"), told(whole.contribution)));
  bars.push({ ...whole, low: null, high: null });
  const ends = bars.flatMap((bar) => [bar.base, bar.base + bar.contribution, bar.low === null ? 0 : bar.base + bar.low, bar.high === null ? 0 : bar.base + bar.high]);
  draw(`attribution-${outcome}`, traces, (place) => layout(place, 80 + 54 * bars.length, {
    xaxis: axis(isTime ? "times the seconds an epoch (logarithmic)" : "points of test accuracy", { ...(isTime ? factorTicks(Math.min(...ends), Math.max(...ends)) : {}), zeroline: true, zerolinecolor: variable("--ink"), zerolinewidth: 1 }),
    barmode: "overlay", yaxis: rowAxis(bars.length), margin: { l: 10, r: 12, t: 4, b: 48 },
    annotations: rowNames(bars.map((bar) => `${plain(bar.text, isNarrow(place) ? 34 : 90)}  <b>${told(bar.contribution)}</b>${noted(bar)}`)),
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
