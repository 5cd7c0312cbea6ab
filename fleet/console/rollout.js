// SPDX-License-Identifier: MIT OR Apache-2.0
// The roll-out section: name, state, why, the verbs an operator has now, and the record.

import * as api from "./api.js";
import { $, h } from "./dom.js";
import { drawGauge } from "./gauge.js";
import { drawLadder, drawLegend, drawSoak } from "./ladder.js";
import { count, language, t, time, utc, word } from "./strings.js";

/** The verbs that each role may use; which of them the state allows, the server says. */
const MAY = {
  viewer: [],
  operator: ["start", "pause", "resume", "stop"],
  approver: ["approve", "start", "pause", "resume", "advance", "stop"],
};
MAY.admin = MAY.approver;

let shown = null;
let shownVerbs = "";
let shownPick = "";

/** Asks; the reason given, or null when the person went back. */
function confirm(verb, rollout) {
  const dialog = $("confirm");
  $("confirm-title").textContent = t(`verb.${verb}`);
  $("confirm-text").textContent = t(`confirm.${verb}`, { name: rollout.name });
  $("confirm-reason").value = "";
  $("confirm-yes").textContent = t(`verb.${verb}`);
  $("confirm-yes").classList.toggle("danger", verb === "stop");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () =>
      resolve(dialog.returnValue === "yes" ? $("confirm-reason").value.trim() : null),
    { once: true });
  });
}

/** The version the person saw goes along: if it changed meanwhile, nothing happens but a word. */
async function act(verb) {
  const rollout = shown;
  const reason = await confirm(verb, rollout);
  if (reason === null) return;
  $("rollout-error").textContent = "";
  try {
    await api.post(`/rollouts/${rollout.id}/${verb}`, rollout.etag, reason ? { reason } : {});
  } catch (error) {
    $("rollout-error").textContent = error.status === 412 ? t("changedMeanwhile") : error.message;
  }
}

function drawVerbs(allowed, role) {
  const verbs = allowed.filter((verb) => MAY[role]?.includes(verb));
  const key = `${language()} ${verbs}`;
  if (key === shownVerbs) return;
  shownVerbs = key;
  const focused = $("rollout-verbs").contains(document.activeElement);
  $("rollout-verbs").replaceChildren(...verbs.map((verb) =>
    h("button", { type: "button", class: verb === "stop" ? "danger" : "",
                  onclick: () => act(verb) }, t(`verb.${verb}`))));
  if (focused) $("rollout-verbs").querySelector("button")?.focus();
}

/** Which roll-outs there are, newest first. */
export function drawPick(rollouts, chosen) {
  const key = JSON.stringify([language(), chosen, rollouts.map((r) => [r.id, r.name, r.state])]);
  if (key === shownPick) return; // an open drop-down stays open
  shownPick = key;
  $("rollout-pick-label").hidden = rollouts.length < 2;
  $("rollout-pick").replaceChildren(...rollouts.map((rollout) =>
    h("option", { value: rollout.id, selected: rollout.id === chosen },
      `${rollout.name} · ${word("rollout", rollout.state)}`)));
}

export function drawRollout(rollout, role) {
  shown = rollout;
  $("rollout-empty").hidden = rollout !== null;
  $("legend").hidden = rollout === null;
  $("rollout-state").hidden = rollout === null;
  if (!rollout) {
    $("rollout-name").textContent = t("noRollout");
    $("rollout-why").hidden = true;
    $("rollout-mode").textContent = "";
    drawVerbs([], role);
    drawLadder([], "");
    drawGauge(null);
    return;
  }
  $("rollout-name").textContent = rollout.name;
  $("rollout-state").textContent = word("rollout", rollout.state);
  $("rollout-state").dataset.state = rollout.state;
  $("rollout-mode").textContent = [rollout.software, t(`mode.${rollout.mode}`)]
    .filter(Boolean).join(" · ");
  $("rollout-why").hidden = !rollout.reason;
  $("rollout-why").textContent = rollout.reason;
  $("rollout-why").dataset.state = rollout.state;
  drawVerbs(rollout.verbs, role);
  drawLegend();
  drawLadder(rollout.stages, `${rollout.id} ${language()}`);
  drawGauge(rollout.rate);
}

/** Called each second: what runs down by itself. */
export function drawClock(now) {
  if (shown) drawSoak(shown.stages, now);
}

/** What the policy asks for, and what the fleet cannot give; null hides it. */
export function drawPlan(plan) {
  $("plan").hidden = !plan;
  if (!plan) return;
  $("plan").replaceChildren(
    h("li", {}, t("planNeeded", { n: count(plan.needed) })),
    ...plan.warnings.map((warning) => h("li", { class: "warning" }, warning)));
}

/** Records of decisions and of operators' writes, newest first. */
export function drawRecord(records) {
  $("record").replaceChildren(...records.map((record) =>
    h("tr", {},
      h("td", {}, h("time", { datetime: utc(record.ms), title: utc(record.ms) },
                    time(record.ms))),
      h("td", {}, record.actor), h("td", {}, word("event", record.what)),
      h("td", { class: "wide" }, record.why))));
  if (!records.length) {
    $("record").append(h("tr", {}, h("td", { colspan: 4, class: "quiet" }, t("recordEmpty"))));
  }
}
