// SPDX-License-Identifier: MIT OR Apache-2.0
// The device list: search by id, filter by state, page by page; a device's own page in a dialog.
// With a state chosen, the list is that of the roll-out shown; without, of the whole fleet.

import * as api from "./api.js";
import { actionsFrom, detailFrom, devicesFrom, rolloutDevicesFrom, statusesFrom } from "./model.js";
import { $, debounce, h } from "./dom.js";
import { count, t, time, utc, word } from "./strings.js";

const MARKS = {
  none: "·", pending: "◌", download: "↓", downloaded: "↧", running: "◔", canceling: "–",
  finished: "✓", error: "✕", canceled: "–", timed_out: "?",
};
const STATES = Object.keys(MARKS).filter((state) => state !== "none");
const PAGE = 50;

let rows = [];
let total = 0;
let asked = 0;
let rollout = null;

export function drawDeviceFilter() {
  const chosen = $("devices-state").value;
  $("devices-state").replaceChildren(
    h("option", { value: "" }, t("anyState")),
    ...STATES.map((state) => h("option", { value: state, selected: state === chosen },
                               t(`device.${state}`))));
}

const when = (ms) => (ms ? h("time", { datetime: utc(ms), title: utc(ms) }, time(ms)) : t("never"));

const stateCell = (state) =>
  h("td", {}, h("span", { class: "mark", "aria-hidden": "true" }, MARKS[state] ?? "·"), " ",
    word("device", state));

const row = (device) =>
  h("tr", { "data-state": device.state },
    h("th", { scope: "row" },
      h("button", { type: "button", class: "link-like", onclick: () => showDevice(device.name) },
        device.name)),
    stateCell(device.state), h("td", {}, device.software), h("td", {}, when(device.seen)));

function draw() {
  $("devices").replaceChildren(...rows.map(row));
  if (!rows.length) {
    $("devices").append(h("tr", {}, h("td", { colspan: 4, class: "quiet" }, t("noDevice"))));
  }
  $("devices-count").textContent = t("devicesShown", { n: count(rows.length),
                                                       total: count(total) });
  $("devices-more").hidden = rows.length >= total;
}

async function ask(offset) {
  const query = new URLSearchParams({ limit: PAGE, offset });
  const search = $("devices-search").value.trim();
  const state = $("devices-state").value;
  if (search) query.set("search", search);
  if (!state) return devicesFrom((await api.get(`/devices?${query}`)).body);
  if (!rollout) return { total: 0, devices: [] };
  query.set("status", state);
  return rolloutDevicesFrom((await api.get(`/rollouts/${rollout}/devices?${query}`)).body);
}

async function load(offset) {
  const turn = ++asked;
  try {
    const page = await ask(offset);
    if (turn !== asked) return; // a later question was asked meanwhile
    rows = offset ? rows.concat(page.devices) : page.devices;
    total = page.total;
    // a person tabbing through the names keeps the place
    const focused = $("devices").contains(document.activeElement)
      ? document.activeElement.textContent : null;
    draw();
    if (focused) {
      [...$("devices").querySelectorAll("button")].find((b) => b.textContent === focused)?.focus();
    }
    $("devices-error").textContent = "";
  } catch (error) {
    if (turn === asked) $("devices-error").textContent = error.message;
  }
}

/** Shows the first page anew, unless the person has paged further down. */
export async function refreshDevices(rolloutId) {
  rollout = rolloutId ?? null;
  if (rows.length <= PAGE) await load(0);
}

const history = (statuses) => statuses.map((status) =>
  h("li", {}, when(status.ms), " ", h("strong", {}, word("device", status.type)),
    status.lines.length ? h("pre", { tabindex: 0 }, status.lines.join("\n")) : null));

async function showDevice(name) {
  const id = encodeURIComponent(name);
  $("device-name").textContent = name;
  $("device-facts").replaceChildren();
  $("device-history").replaceChildren();
  $("device-error").textContent = "";
  $("device").showModal();
  try {
    const device = detailFrom((await api.get(`/devices/${id}`)).body);
    const facts = [[t("running"), device.software || "–"], [t("lastSeen"), when(device.seen)],
                   [t("address"), device.address || "–"], ...Object.entries(device.attributes)];
    $("device-facts").replaceChildren(...facts.map(([key, value]) =>
      h("div", {}, h("dt", {}, key), h("dd", {}, value))));
    const [action] = actionsFrom((await api.get(`/devices/${id}/actions?limit=1`)).body);
    $("device-action").textContent = action
      ? t("lastAction", { software: action.software, state: word("device", action.state) })
      : t("noAction");
    if (!action) return;
    const path = `/targets/${id}/actions/${action.id}/status?limit=200&sort=id:ASC`;
    $("device-history").replaceChildren(
      ...history(statusesFrom((await api.get(path, api.MANAGEMENT)).body)));
  } catch (error) {
    $("device-error").textContent = error.message;
  }
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
