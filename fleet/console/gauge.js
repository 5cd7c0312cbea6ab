// SPDX-License-Identifier: MIT OR Apache-2.0
// The failure rate of the open stage: measured rate, the interval that holds it with the policy's
// confidence, and the threshold, on one scale from 0.

import { $, svg } from "./dom.js";
import { count, percent, t } from "./strings.js";

const WIDTH = 600;
const PAD = 12;

/** Where the evidence stands, in a word: it decides the colour and is said in the text too. */
export function standing(rate) {
  if (rate.sample === 0) return "none";
  if (rate.upper <= rate.threshold) return "within";
  if (rate.lower > rate.threshold) return "above";
  return "between";
}

/** Top of the scale: a round number above what must be seen. */
export function scaleTop(rate) {
  const shown = rate.sample ? Math.max(rate.rate * 1.25, Math.min(rate.upper, 0.3) * 1.05) : 0;
  const need = Math.min(1, Math.max(rate.threshold * 3, shown));
  const step = 10 ** Math.floor(Math.log10(need));
  return Math.min(1, [1, 2, 2.5, 5, 10].map((m) => m * step).find((top) => top >= need));
}

function sentence(rate, kind) {
  const values = {
    rate: percent(rate.rate), lower: percent(rate.lower), upper: percent(rate.upper),
    threshold: percent(rate.threshold), confidence: percent(rate.confidence),
    sample: count(rate.sample), failures: count(rate.failures),
  };
  if (kind === "none") return t("rateNone", values);
  const missing = rate.needed === null ? 0 : rate.needed - rate.sample;
  const more = missing > 0 && kind !== "above" ? ` ${t("rateMore", { n: count(missing) })}` : "";
  return `${t(`rate.${kind}`)} ${t("rateText", values)}${more}`;
}

function ticks(top, x) {
  return [0, 0.25, 0.5, 0.75, 1].flatMap((part) => [
    svg("path", { d: `M${x(part * top)} 40v5`, class: "tick" }),
    svg("text", { x: x(part * top), y: 58, class: "tick-text",
                  "text-anchor": part === 0 ? "start" : part === 1 ? "end" : "middle" },
        percent(part * top)),
  ]);
}

export function drawGauge(rate) {
  $("gauge").hidden = !rate;
  if (!rate) return;
  const kind = standing(rate);
  const top = scaleTop(rate);
  const x = (value) => PAD + (Math.min(value, top) / top) * (WIDTH - 2 * PAD);
  const limit = x(rate.threshold);
  const marks = [
    svg("rect", { x: PAD, y: 18, width: WIDTH - 2 * PAD, height: 22, rx: 4, class: "track" }),
    svg("rect", { x: PAD, y: 18, width: limit - PAD, height: 22, rx: 4, class: "allowed" }),
    ...ticks(top, x),
  ];
  if (kind !== "none") {
    const from = x(rate.lower);
    marks.push(
      svg("rect", { x: from, y: 24, width: Math.max(2, x(rate.upper) - from), height: 10, rx: 5,
                    class: `interval i-${kind}` }),
      svg("circle", { cx: x(rate.rate), cy: 29, r: 6, class: `point i-${kind}` }));
  }
  marks.push(svg("path", { d: `M${limit} 12v32`, class: "limit" }),
             svg("text", { x: limit, y: 9, class: "tick-text", "text-anchor": "middle" },
                 t("rateLimit", { threshold: percent(rate.threshold) })));
  $("gauge").dataset.standing = kind;
  $("gauge-scale").replaceChildren(...marks);
  const text = sentence(rate, kind);
  if ($("gauge-text").textContent !== text) $("gauge-text").textContent = text;
}
