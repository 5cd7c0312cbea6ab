// SPDX-License-Identifier: MIT OR Apache-2.0
// Start, sign-in, and the flow. One live connection brings the fleet's figures and every
// roll-out as it changes; what is drawn is drawn from that. The record and the device list are
// asked for when they may have changed. The chosen roll-out stands in the address (#rollout=3),
// so a link leads to it.

import * as api from "./api.js";
import { drawDeviceFilter, refreshDevices, startDevices } from "./devices.js";
import { $, coalesce, h } from "./dom.js";
import { Live } from "./live.js";
import { callerFrom, figuresFrom, planFrom, recordsFrom, rolloutFrom } from "./model.js";
import { drawClock, drawPick, drawPlan, drawRecord, drawRollout } from "./rollout.js";
import { chooseLanguage, count, rate, setLanguage, t, translatePage } from "./strings.js";

let live = null;
let caller = { role: "viewer" };
let rollouts = new Map();
let figures = null;
let asideOf = "";
let clockAhead = 0; // ms that the server's clock is ahead of ours

const chosenId = () => Number(new URLSearchParams(location.hash.slice(1)).get("rollout")) || null;

const newestFirst = () => [...rollouts.values()].sort((a, b) => b.id - a.id);

/** The one in the address, else the newest that is under way, else the newest. */
function chosen() {
  const all = newestFirst();
  return rollouts.get(chosenId())
    ?? all.find((rollout) => !["done", "stopped", "draft"].includes(rollout.state))
    ?? all[0] ?? null;
}

function drawFigures() {
  const item = (name, value) => h("div", {}, h("dt", {}, t(`figure.${name}`)), h("dd", {}, value));
  $("figures").replaceChildren(
    item("devices", count(figures.devices)), item("online", count(figures.online)),
    item("polls", rate(figures.polls)), item("inFlight", count(figures.inFlight)));
}

/** What is not in the live feed: the record, and the plan of a roll-out. */
async function loadAside(rollout) {
  const filter = rollout ? `object=rollout/${rollout.id}&` : "";
  try {
    drawRecord(recordsFrom((await api.get(`/records?${filter}limit=50`)).body));
    drawPlan(rollout ? planFrom((await api.get(`/rollouts/${rollout.id}`)).body) : null);
  } catch (error) {
    asideOf = "";
    failed(error);
  }
}

function failed(error) {
  if (error.status === 401) signOut(t("signInFailed"));
  else $("rollout-error").textContent = error.message;
}

function draw() {
  const rollout = chosen();
  if (figures) drawFigures();
  drawPick(newestFirst(), rollout?.id);
  drawRollout(rollout, caller.role);
  const key = JSON.stringify(rollout && [rollout.id, rollout.version]);
  if (key !== asideOf) {
    asideOf = key;
    loadAside(rollout);
  }
  tick();
}

/** The figures also change when nothing else does; then no event comes. */
async function refreshFigures() {
  try {
    figures = figuresFrom((await api.get("/server")).body);
    drawFigures();
  } catch (error) {
    failed(error);
  }
}

const tick = () => drawClock(Date.now() + clockAhead);

const devicesChanged = coalesce(() => refreshDevices(chosen()?.id), 2000);

function onEvent(event) {
  if (event.name === "fleet") {
    figures = figuresFrom(JSON.parse(event.data));
  } else if (event.name === "rollout") {
    const rollout = rolloutFrom(JSON.parse(event.data));
    rollouts.set(rollout.id, rollout);
  }
  draw();
  devicesChanged();
}

function setLink(state, seconds = 0) {
  const text = { up: "linkUp", down: "linkDown", off: "linkConnecting" }[state];
  $("link").dataset.state = state;
  $("link").textContent = t(text, { seconds });
  $("main").classList.toggle("stale", state === "down");
}

function connect() {
  live?.close();
  setLink("off");
  live = new Live(`${api.BASE}/events`, api.authorization, {
    up: () => {
      setLink("up");
      $("rollout-error").textContent = "";
      rollouts = new Map(); // the first picture follows
      asideOf = "";
    },
    down: (ms) => setLink("down", Math.max(1, Math.round(ms / 1000))),
    event: onEvent,
    denied: () => signOut(t("signInFailed")),
  });
}

function show(signedIn) {
  $("signin").hidden = signedIn;
  $("main").hidden = !signedIn;
  $("signout").hidden = !signedIn;
  $("link").hidden = !signedIn;
  if (!signedIn) $("token").focus();
}

function signOut(message = "") {
  live?.close();
  live = null;
  rollouts = new Map();
  api.forgetToken();
  $("signin-error").textContent = message;
  show(false);
}

async function signIn() {
  try {
    caller = callerFrom((await api.get("/server")).body);
    clockAhead = caller.clock - Date.now();
    $("signin-error").textContent = "";
    $("user").textContent = `${caller.user} · ${t(`role.${caller.role}`)}`;
    show(true);
    connect();
  } catch (error) {
    signOut(error.status === 401 ? t("signInFailed") : error.message);
  }
}

function speak() {
  translatePage();
  drawDeviceFilter();
  if (!live) return;
  setLink($("link").dataset.state);
  $("user").textContent = `${caller.user} · ${t(`role.${caller.role}`)}`;
  asideOf = "";
  draw();
  devicesChanged();
}

$("signin").addEventListener("submit", (event) => {
  event.preventDefault();
  api.setToken($("token").value.trim());
  $("token").value = "";
  signIn();
});
$("signout").addEventListener("click", () => signOut());
$("language").addEventListener("change", (event) => {
  setLanguage(event.target.value);
  speak();
});
$("rollout-pick").addEventListener("change", (event) => {
  location.hash = `rollout=${event.target.value}`;
});
window.addEventListener("hashchange", () => {
  if (!live) return;
  draw();
  devicesChanged();
});

setInterval(() => live && tick(), 1000);
setInterval(() => {
  if (live && $("link").dataset.state === "up" && !document.hidden) refreshFigures();
}, 5000);

$("language").value = chooseLanguage();
speak();
startDevices();
api.takeTokenFromAddress();
if (api.token()) signIn();
else show(false);
