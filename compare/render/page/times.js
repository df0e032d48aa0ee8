// The time of an update: blocks, median and interval, a row a contestant.

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
