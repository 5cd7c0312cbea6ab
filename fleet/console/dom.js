// SPDX-License-Identifier: MIT OR Apache-2.0
// Building elements. Text always goes in as text, never as markup: device names come from devices.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element: h("td", {class: "n", onclick: f}, "text", child …). */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. Attributes, not styles, carry its geometry: the policy allows no inline style. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export const $ = (id) => document.getElementById(id);

/** Calls fn once after the last of a burst of calls. */
export function debounce(fn, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
}

/** Calls the async fn (which must not throw) at once, then at most every `ms`, and never twice at
 *  the same time: calls during a run or its pause mean one more run. */
export function coalesce(fn, ms) {
  let busy = false;
  let again = false;
  const run = async () => {
    busy = true;
    again = false;
    await fn();
    setTimeout(() => {
      busy = false;
      if (again) run();
    }, ms);
  };
  return () => {
    again = true;
    if (!busy) run();
  };
}
