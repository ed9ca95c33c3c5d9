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
  const hasDots = ports.points.length > 0;
  const dots = hasDots
    ? " Each dot is a connection, from the first boot inside to the last one outside. Good ports lie scattered; spokes mean that each restart begins with the same ports."
    : "";
  const lead = `Once around the ring are all 65,536 ports; ${hasDots ? "the outer band counts" : "each bar counts"} how often a group of them was chosen. An arc means that only a small part of the range is used.${dots}`;
  const label = labelOfPorts(ports);
  const canvas = canvasFor(label, "square");
  const box = el("div", { class: "plot" }, canvas);
  const draw = () => drawRing(canvas, roomIn(box, 520), ports);
  requestAnimationFrame(() => drawWithTheme(draw));
  const shown = ports.points.length / 2;
  const limit =
    shown === 0 || shown >= ports.total
      ? ""
      : ` The dots are the first ${grouped(shown)}; the outer band counts all.`;
  return section(
    "ports",
    title,
    lead,
    figure({
      id: "port-ring",
      kind: "beside",
      label,
      body: [box],
      caption: `${label}${limit}`,
      columns: ["Ports", "Chosen", "Share"],
      rows: fullestPorts(ports),
    }),
  );
}

/** @param {PortPlot} ports */
function labelOfPorts({ first, last, binPorts, bins, total }) {
  const used = bins.filter((count) => count > 0).length;
  const range = first === 0 && last === 65_535 ? "" : ` of the range ${first} to ${last}`;
  // The expected number of groups that even choice leaves empty: each is missed with (1 − 1/n)^total.
  const even = Math.round(bins.length * (1 - (1 - 1 / bins.length) ** total));
  return `${quantity(total, "port")} chosen by the device, in ${used} of ${bins.length} groups of ${quantity(binPorts, "port")}${range} (even choice would use about ${even}); the fullest group has ${percent(Math.max(...bins), total)}.`;
}

/** @param {PortPlot} ports */
function fullestPorts({ first, last, binPorts, bins, total }) {
  return bins
    .map((count, i) => ({ count, i }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count || a.i - b.i)
    .slice(0, 12)
    .map(({ count, i }) => [
      `${first + i * binPorts} to ${Math.min(last, first + (i + 1) * binPorts - 1)}`,
      grouped(count),
      percent(count, total),
    ]);
}

/** @param {number} port */
function angleOf(port) {
  return (port / 65_536) * 2 * Math.PI - Math.PI / 2;
}

/** @param {HTMLCanvasElement} canvas @param {number} size @param {PortPlot} ports */
function drawRing(canvas, size, ports) {
  const context = sharpContext(canvas, size, size);
  const centre = size / 2;
  const outer = size / 2 - 66;
  const inner = outer * 0.28;
  context.lineWidth = 1;
  const hasDots = ports.points.length > 0;
  if (hasDots) {
    context.fillStyle = themeColor("well");
    context.beginPath();
    context.arc(centre, centre, outer, 0, 2 * Math.PI);
    context.arc(centre, centre, inner - 8, 0, 2 * Math.PI, true);
    context.fill();
  }
  context.strokeStyle = themeColor("edge");
  context.lineWidth = 2;
  context.beginPath();
  context.arc(centre, centre, inner - 8, angleOf(ports.first), angleOf(ports.last + 1));
  context.stroke();
  // Where no dots need the room, the band of counts is broad.
  drawBins(context, ports, centre, hasDots ? outer + 4 : outer - 36, outer + 18);
  drawPorts(context, ports.points, { centre, inner, outer });
  context.fillStyle = themeColor("muted");
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const port of [0, 16_384, 32_768, 49_152]) {
    const at = angleOf(port);
    const isUpright = Math.abs(Math.cos(at)) < 0.1;
    context.textAlign = isUpright ? "center" : Math.cos(at) > 0 ? "left" : "right";
    const away = outer + (isUpright ? 32 : 24);
    context.fillText(grouped(port), centre + Math.cos(at) * away, centre + Math.sin(at) * away);
  }
  context.textAlign = "center";
  context.fillText("port", centre, centre);
}

/**
 * The band around the ring: how often each group of ports was chosen.
 * @param {CanvasRenderingContext2D} context @param {PortPlot} ports
 * @param {number} centre @param {number} from where bars begin @param {number} to where the longest ends
 */
function drawBins(context, { first, last, binPorts, bins }, centre, from, to) {
  const most = Math.max(...bins);
  context.fillStyle = themeColor("series-2");
  // One path: neighbours that are filled one by one leave seams.
  context.beginPath();
  bins.forEach((count, i) => {
    if (count === 0) return;
    const begin = angleOf(first + i * binPorts);
    const end = angleOf(Math.min(last + 1, first + (i + 1) * binPorts));
    context.moveTo(centre + Math.cos(begin) * from, centre + Math.sin(begin) * from);
    context.arc(centre, centre, from + ((to - from) * count) / most, begin, end);
    context.arc(centre, centre, from, end, begin, true);
  });
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context @param {readonly number[]} points
 * @param {{centre: number, inner: number, outer: number}} ring
 */
function drawPorts(context, points, { centre, inner, outer }) {
  const firstBoot = points[0] ?? 0;
  const span = Math.max(1, (points[points.length - 2] ?? 0) - firstBoot);
  context.fillStyle = themeColor("density");
  context.globalAlpha = points.length > 2000 ? 0.7 : 0.9;
  for (let i = 0; i + 1 < points.length; i += 2) {
    const away = inner + ((outer - inner - 4) * ((points[i] ?? 0) - firstBoot)) / span;
    const at = angleOf(points[i + 1] ?? 0);
    context.beginPath();
    context.arc(centre + Math.cos(at) * away, centre + Math.sin(at) * away, 1.8, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}
