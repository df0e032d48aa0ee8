// The error of each tensor beside its tolerance.

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
