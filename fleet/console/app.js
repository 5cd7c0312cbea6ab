// SPDX-License-Identifier: MIT OR Apache-2.0
// Start, sign-in, and the flow: one live connection says what changed; what is shown is asked
// anew and drawn. The chosen roll-out stands in the address (#rollout=3), so a link leads to it.

import * as api from "./api.js";
import { drawDeviceFilter, refreshDevices, startDevices } from "./devices.js";
import { $, coalesce, h } from "./dom.js";
import { Live } from "./live.js";
import { figuresFrom, recordsFrom, rolloutsFrom } from "./model.js";
import { drawPick, drawRecord, drawRollout } from "./rollout.js";
import { chooseLanguage, count, rate, setLanguage, t, translatePage } from "./strings.js";

let live = null;
let rollouts = [];

const chosenId = () => Number(new URLSearchParams(location.hash.slice(1)).get("rollout")) || null;

/** The one in the address, else the one that is under way, else the newest. */
function chosen() {
  return rollouts.find((rollout) => rollout.id === chosenId())
    ?? rollouts.find((rollout) => !["done", "stopped", "draft"].includes(rollout.state))
    ?? rollouts[0] ?? null;
}

function drawFigures(figures) {
  const item = (name, value) => h("div", {}, h("dt", {}, t(`figure.${name}`)), h("dd", {}, value));
  $("figures").replaceChildren(
    item("devices", count(figures.devices)), item("online", count(figures.online)),
    item("polls", rate(figures.polls)), item("inFlight", count(figures.inFlight)));
}

async function refresh() {
  const [list, server] = await Promise.all([api.get("/rollouts"), api.get("/server")]);
  rollouts = rolloutsFrom(list.body);
  const rollout = chosen();
  drawFigures(figuresFrom(server.body));
  drawPick(rollouts, rollout?.id);
  drawRollout(rollout, changed);
  const record = await api.get(rollout ? `/records?object=rollout/${rollout.id}&limit=50`
                                       : "/records?limit=50");
  drawRecord(recordsFrom(record.body));
}

const changed = coalesce(async () => {
  try {
    await refresh();
  } catch (error) {
    if (error.status === 401) signOut(t("signInFailed"));
    else $("rollout-error").textContent = error.message;
  }
}, 400);

const devicesChanged = coalesce(refreshDevices, 2000);

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
      changed();
      refreshDevices();
    },
    down: (ms) => setLink("down", Math.max(1, Math.round(ms / 1000))),
    event: () => {
      changed();
      devicesChanged();
    },
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
  api.forgetToken();
  $("signin-error").textContent = message;
  show(false);
}

async function signIn() {
  try {
    await api.get("/server");
    $("signin-error").textContent = "";
    show(true);
    connect();
  } catch (error) {
    signOut(error.status === 401 ? t("signInFailed") : error.message);
  }
}

function speak() {
  translatePage();
  drawDeviceFilter();
  if (live) {
    setLink($("link").dataset.state);
    changed();
    refreshDevices();
  }
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
window.addEventListener("hashchange", changed);

$("language").value = chooseLanguage();
speak();
startDevices();
api.takeTokenFromAddress();
if (api.token()) signIn();
else show(false);
