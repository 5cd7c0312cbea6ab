// SPDX-License-Identifier: MIT OR Apache-2.0
// The stage ladder: one step a stage, each with a bar, its counts and the reason it stands where
// it stands. Steps are built once per roll-out and then changed in place, so that a screen reader
// or a selection is not thrown out by an update.

import { $, h, svg } from "./dom.js";
import { count, percent, t } from "./strings.js";

/** Kinds of devices in a stage, in the order of the bar. Each has its own pattern besides its
 *  colour. */
export const KINDS = [
  "succeeded", "installing", "downloading", "offered", "failed", "silent", "canceled", "waiting",
];

/** The same in the order of the list of counts: on the way in the first column, closed in the
 *  second. */
const LISTED = [
  "waiting", "offered", "downloading", "installing", "succeeded", "failed", "silent", "canceled",
];

const MARKS = { ahead: "○", open: "◔", held: "‖", passed: "✓", failed: "✕", stopped: "■" };

let steps = [];
let builtFor = "";

function swatchPattern(kind) {
  const box = { id: `fill-${kind}`, width: 6, height: 6, patternUnits: "userSpaceOnUse" };
  const ground = svg("rect", { width: 6, height: 6, class: `k-${kind}` });
  const marks = {
    installing: [svg("path", { d: "M0 3h6", class: "k-line" })],
    downloading: [svg("path", { d: "M3 0v6", class: "k-line" })],
    offered: [svg("circle", { cx: 3, cy: 3, r: 1, class: "k-dot" })],
    failed: [svg("path", { d: "M-1 7L7 -1M-1 1L1 -1M5 7L7 5", class: "k-line" })],
    silent: [svg("path", { d: "M0 0L6 6M0 6L6 0", class: "k-line thin" })],
    canceled: [svg("path", { d: "M0 3h3", class: "k-line" })],
  };
  return svg("pattern", box, ground, marks[kind] ?? []);
}

/** The patterns, once for the page; an SVG of no size that the bars refer to. */
function patterns() {
  if ($("fills")) return null;
  const defs = svg("defs", {}, KINDS.map(swatchPattern));
  return svg("svg", { id: "fills", width: 0, height: 0, "aria-hidden": "true" }, defs);
}

const swatch = (kind) =>
  svg("svg", { width: 14, height: 14, class: "swatch", "aria-hidden": "true" },
      svg("rect", { width: 14, height: 14, rx: 2, fill: `url(#fill-${kind})` }));

export function drawLegend() {
  const made = patterns();
  if (made) document.body.append(made);
  $("legend").replaceChildren(
    ...KINDS.map((kind) => h("li", { title: t(`kindHelp.${kind}`) }, swatch(kind),
                             t(`kind.${kind}`))));
}

function buildStep(stage) {
  const step = {
    mark: h("span", { class: "mark", "aria-hidden": "true" }),
    state: h("span", { class: "stage-state" }),
    size: h("span", { class: "quiet" }),
    bar: svg("svg", { class: "stack", role: "img", height: 20 }),
    numbers: {},
    soak: h("p", { class: "soak" }),
    reason: h("p", { class: "reason" }),
  };
  const list = h("dl", { class: "counts" });
  for (const kind of LISTED) {
    step.numbers[kind] = h("dd");
    list.append(h("div", { class: `count c-${kind}` }, h("dt", {}, t(`kind.${kind}`)),
                  step.numbers[kind]));
  }
  step.root = h("li", { class: "stage" },
                h("h3", {}, step.mark, " ", percent(stage.share), " ", step.state),
                step.size, step.bar, list, step.soak, step.reason);
  return step;
}

function drawBar(bar, stage) {
  let at = 0;
  const parts = [];
  for (const kind of KINDS) {
    const width = stage.total ? (stage.counts[kind] / stage.total) * 100 : 0;
    if (width > 0) {
      parts.push(svg("rect", { x: `${at}%`, width: `${width}%`, height: 20,
                               fill: `url(#fill-${kind})` }));
    }
    at += width;
  }
  bar.replaceChildren(svg("rect", { width: "100%", height: 20, class: "k-waiting" }), ...parts);
  bar.setAttribute("aria-label", KINDS.filter((kind) => stage.counts[kind])
    .map((kind) => `${t(`kind.${kind}`)} ${count(stage.counts[kind])}`).join(", "));
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function updateStep(step, stage) {
  step.root.dataset.state = stage.state;
  if (stage.current) step.root.setAttribute("aria-current", "step");
  else step.root.removeAttribute("aria-current");
  setText(step.mark, MARKS[stage.state] ?? "");
  setText(step.state, t(`stage.${stage.state}`));
  setText(step.size, t("stageSize", { n: count(stage.total) }));
  drawBar(step.bar, stage);
  for (const kind of KINDS) {
    setText(step.numbers[kind], count(stage.counts[kind]));
    step.numbers[kind].parentElement.classList.toggle("zero", stage.counts[kind] === 0);
  }
  setText(step.reason, stage.reason);
}

/** How long the sample must still stay good enough; `now` by the server's clock. */
export function drawSoak(stages, now) {
  stages.forEach((stage, i) => {
    const left = Math.max(0, Math.ceil((stage.soakEnds - now) / 1000));
    setText(steps[i].soak, stage.soakEnds ? t("soaking", { seconds: count(left) }) : "");
  });
}

/** `key` names the roll-out and the language: another one means other steps. */
export function drawLadder(stages, key) {
  if (key !== builtFor || steps.length !== stages.length) {
    steps = stages.map(buildStep);
    $("ladder").replaceChildren(...steps.map((step) => step.root));
    builtFor = key;
  }
  stages.forEach((stage, i) => updateStep(steps[i], stage));
}
