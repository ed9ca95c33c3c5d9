// @ts-check
/** Ports on a ring: the angle is the port, the distance from the centre the boot. */
import { el, section } from "./elements.js";
import { canvasFor, figure, roomIn, sharpContext } from "./figure.js";
import { grouped, percent, quantity } from "./quantities.js";
import { drawWithTheme, themeColor } from "./theme.js";

/** @typedef {import("../plots/plot-data.ts").PortPlot} PortPlot */

/** @param {PortPlot | undefined} ports */
export function portsSection(ports) {
  const title = "Source ports";
  if (ports === undefined) {
    return section(
      "ports",
      title,
      "",
      el("p", { class: "empty" }, "The device chose no port by itself."),
    );
  }
  const lead =
    "Once around the ring are all 65,536 ports; the first boot is inside, the last outside. Good ports lie scattered. Spokes mean that each restart begins with the same ports; an arc means that only a small part of the range is used.";
  const label = labelOfPorts(ports);
  const canvas = canvasFor(label, "square");
  const box = el("div", { class: "plot" }, canvas);
  const draw = () => drawRing(canvas, roomIn(box, 520), ports);
  requestAnimationFrame(() => drawWithTheme(draw));
  const shown = ports.points.length / 2;
  const limit =
    shown < ports.total
      ? ` The dots are the first ${grouped(shown)}; the outer band counts all.`
      : "";
  return section(
    "ports",
    title,
    lead,
    figure({
      id: "port-ring",
      label,
      body: [box],
      caption: `${label}${limit}`,
      columns: ["Ports", "Chosen", "Share"],
      rows: fullestPorts(ports),
    }),
  );
}

/** @param {PortPlot} ports */
function labelOfPorts({ bins, total, pool }) {
  const width = 65_536 / bins.length;
  const [first, last] = pool ? [pool.first, pool.last] : [0, 65_535];
  const inPool = bins.filter((_, i) => (i + 1) * width > first && i * width <= last).length;
  const used = bins.filter((count) => count > 0).length;
  const range = pool ? ` of the range ${pool.first} to ${pool.last}` : "";
  return `${quantity(total, "port")} chosen by the device, in ${used} of ${inPool} groups of ${width} neighbouring ports${range}; the fullest group has ${percent(Math.max(...bins), total)}.`;
}

/** @param {PortPlot} ports */
function fullestPorts({ bins, total }) {
  const width = 65_536 / bins.length;
  return bins
    .map((count, i) => ({ count, i }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.i - b.i)
    .slice(0, 12)
    .map(({ count, i }) => [
      `${i * width} to ${(i + 1) * width - 1}`,
      grouped(count),
      percent(count, total),
    ]);
}

/** @param {HTMLCanvasElement} canvas @param {number} size @param {PortPlot} ports */
function drawRing(canvas, size, { bins, points, pool }) {
  const context = sharpContext(canvas, size, size);
  const centre = size / 2;
  const outer = size / 2 - 44;
  const inner = outer * 0.28;
  const angle = (/** @type {number} */ port) => (port / 65_536) * 2 * Math.PI - Math.PI / 2;
  context.lineWidth = 1;
  context.fillStyle = themeColor("well");
  context.beginPath();
  context.arc(centre, centre, outer, 0, 2 * Math.PI);
  context.arc(centre, centre, inner - 8, 0, 2 * Math.PI, true);
  context.fill();
  if (pool) {
    context.strokeStyle = themeColor("boot");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(centre, centre, inner - 8, angle(pool.first), angle(pool.last));
    context.stroke();
  }
  drawBins(context, { bins, centre, outer, angle });
  drawPorts(context, { points, centre, inner, outer, angle });
  context.fillStyle = themeColor("muted");
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const port of [0, 16_384, 32_768, 49_152]) {
    const at = angle(port);
    context.textAlign =
      Math.abs(Math.cos(at)) < 0.1 ? "center" : Math.cos(at) > 0 ? "left" : "right";
    const away = Math.abs(Math.cos(at)) < 0.1 ? outer + 34 : outer + 20;
    context.fillText(
      grouped(port),
      centre + Math.cos(at) * away * (context.textAlign === "center" ? 1 : 0.985),
      centre + Math.sin(at) * away,
    );
  }
  context.textAlign = "center";
  context.fillText("port", centre, centre);
}

/** The band around the ring: how often each group of ports was chosen. */
function drawBins(
  /** @type {CanvasRenderingContext2D} */ context,
  /** @type {{bins: readonly number[], centre: number, outer: number, angle: (port: number) => number}} */ ring,
) {
  const { bins, centre, outer, angle } = ring;
  const most = Math.max(...bins);
  const width = 65_536 / bins.length;
  context.fillStyle = themeColor("series-2");
  bins.forEach((count, i) => {
    if (count === 0) return;
    context.beginPath();
    context.arc(
      centre,
      centre,
      outer + 4 + (14 * count) / most,
      angle(i * width),
      angle((i + 1) * width),
    );
    context.arc(centre, centre, outer + 4, angle((i + 1) * width), angle(i * width), true);
    context.fill();
  });
}

function drawPorts(
  /** @type {CanvasRenderingContext2D} */ context,
  /** @type {{points: readonly number[], centre: number, inner: number, outer: number, angle: (port: number) => number}} */ ring,
) {
  const { points, centre, inner, outer, angle } = ring;
  const firstBoot = points[0] ?? 0;
  const span = Math.max(1, (points[points.length - 2] ?? 0) - firstBoot);
  context.fillStyle = themeColor("density");
  context.globalAlpha = points.length > 2000 ? 0.7 : 0.9;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const away = inner + ((outer - inner - 4) * ((points[i] ?? 0) - firstBoot)) / span;
    const at = angle(points[i + 1] ?? 0);
    context.beginPath();
    context.arc(centre + Math.cos(at) * away, centre + Math.sin(at) * away, 1.8, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}
