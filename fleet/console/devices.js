// SPDX-License-Identifier: MIT OR Apache-2.0
// The device list: search by id, filter by state, page by page. Asked anew when the filter
// changes and, while the first page is shown, after changes in the fleet.

import * as api from "./api.js";
import { devicesFrom } from "./model.js";
import { $, debounce, h } from "./dom.js";
import { count, t, time, utc, word } from "./strings.js";

const MARKS = {
  none: "·", pending: "◌", download: "↓", downloaded: "↧", running: "◔", canceling: "–",
  finished: "✓", error: "✕", canceled: "–", timed_out: "?",
};
const STATES = Object.keys(MARKS);
const PAGE = 50;

let rows = [];
let asked = 0;

export function drawDeviceFilter() {
  const chosen = $("devices-state").value;
  $("devices-state").replaceChildren(
    h("option", { value: "" }, t("anyState")),
    ...STATES.map((state) => h("option", { value: state, selected: state === chosen },
                               t(`device.${state}`))));
}

function row(device) {
  return h("tr", { "data-state": device.state },
           h("th", { scope: "row" }, device.name),
           h("td", {}, h("span", { class: "mark", "aria-hidden": "true" },
                         MARKS[device.state] ?? "·"), " ", word("device", device.state)),
           h("td", {}, device.version),
           h("td", {}, device.seen ? h("time", { datetime: utc(device.seen),
                                                 title: utc(device.seen) }, time(device.seen))
                                   : t("never")),
           h("td", { class: "wide" }, device.detail));
}

function draw(total, more) {
  $("devices").replaceChildren(...rows.map(row));
  if (!rows.length) {
    $("devices").append(h("tr", {}, h("td", { colspan: 5, class: "quiet" }, t("noDevice"))));
  }
  $("devices-count").textContent = t("devicesShown", { n: count(rows.length),
                                                       total: count(total) });
  $("devices-more").hidden = !more;
}

async function load(offset) {
  const turn = ++asked;
  const query = new URLSearchParams({ limit: PAGE, offset });
  const search = $("devices-search").value.trim();
  if (search) query.set("search", search);
  if ($("devices-state").value) query.set("state", $("devices-state").value);
  try {
    const page = devicesFrom((await api.get(`/devices?${query}`)).body);
    if (turn !== asked) return; // a later question was asked meanwhile
    rows = offset ? rows.concat(page.devices) : page.devices;
    draw(page.total, rows.length < page.total);
    $("devices-error").textContent = "";
  } catch (error) {
    if (turn === asked) $("devices-error").textContent = error.message;
  }
}

/** Shows the first page anew, unless the person has paged further down. */
export async function refreshDevices() {
  if (rows.length <= PAGE) await load(0);
}

export function startDevices() {
  const again = debounce(() => load(0), 250);
  $("devices-search").addEventListener("input", again);
  $("devices-state").addEventListener("change", () => load(0));
  $("devices-filter").addEventListener("submit", (event) => {
    event.preventDefault();
    load(0);
  });
  $("devices-more").addEventListener("click", () => load(rows.length));
}
