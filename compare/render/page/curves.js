// Loss and accuracy against epochs, updates or training seconds.

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
