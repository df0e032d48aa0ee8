// What all charts share: their data, colours, axes and numbers in words.

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
