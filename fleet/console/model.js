// SPDX-License-Identifier: MIT OR Apache-2.0
// From the API's JSON to what the page draws. The only file that knows the API's field names.

/** Where the devices of a stage are: closed, on the way, or not reached yet. */
function countsFrom({ counts: c }) {
  const known = c.succeeded + c.failed + c.silent + c.canceled + c.downloading + c.installing
    + c.canceling;
  return { succeeded: c.succeeded, failed: c.failed, silent: c.silent,
           downloading: c.downloading, installing: c.installing,
           canceled: c.canceled + c.canceling,
           offered: Math.max(0, c.assigned - known),
           waiting: Math.max(0, c.total - c.assigned) };
}

function stageState(rollout, i) {
  if (i > rollout.stage || ["draft", "approved"].includes(rollout.state)) return "ahead";
  if (i < rollout.stage || rollout.state === "done") return "passed";
  if (rollout.state === "stopped") return "stopped";
  if (rollout.state === "held" && rollout.hold === "failed") return "failed";
  if (rollout.state === "held" && rollout.hold === "passed") return "passed";
  return rollout.state === "running" ? "open" : "held";
}

function rateFrom(rollout) {
  const judged = rollout.judgement;
  if (!judged || ["draft", "approved"].includes(rollout.state)) return null;
  return { ...judged, threshold: rollout.policy.threshold, confidence: rollout.policy.confidence };
}

export function rolloutFrom(rollout) {
  return {
    id: rollout.id,
    name: rollout.name,
    state: rollout.state,
    mode: rollout.mode,
    software: rollout.set.name ? `${rollout.set.name} ${rollout.set.version}` : "",
    reason: rollout.reason,
    version: rollout.version,
    etag: `"${rollout.version}"`,
    verbs: rollout.verbs,
    rate: rateFrom(rollout),
    stages: rollout.stages.map((stage, i) => ({
      share: stage.share,
      state: stageState(rollout, i),
      current: i === rollout.stage && rollout.state !== "done",
      total: stage.counts.total,
      counts: countsFrom(stage),
      reason: stage.reason,
      soakEnds: stage.soak_from_ms && i === rollout.stage && rollout.state === "running"
        ? stage.soak_from_ms + rollout.policy.soak_s * 1000 : 0,
    })),
  };
}

/** What a pass needs, and the stages that cannot supply it. */
export const planFrom = ({ plan }) => plan ?? null;

export const recordsFrom = (body) => body.records.map((record) => ({
  ms: record.utc_ms, actor: record.actor, what: record.event, why: record.reason,
}));

const softwareOf = (name, version) => [name, version].filter(Boolean).join(" ");

const deviceFrom = (device) => ({
  name: device.id, state: device.status, seen: device.last_poll_ms,
  software: softwareOf(device.installed_name, device.installed_version),
});

const actionFrom = (action) => ({
  id: action.id, state: action.status, changed: action.changed_ms,
  software: softwareOf(action.set_name, action.set_version),
});

export const devicesFrom = (body) => ({ total: body.total, devices: body.devices.map(deviceFrom) });

/** A roll-out's devices come as its actions. */
export const rolloutDevicesFrom = (body) => ({
  total: body.total,
  devices: body.actions.map((action) => ({
    name: action.device, state: action.status, seen: action.changed_ms,
    software: softwareOf(action.set_name, action.set_version),
  })),
});

export const actionsFrom = (body) => body.actions.map(actionFrom);

export const detailFrom = ({ device, attributes }) => ({
  ...deviceFrom(device), address: device.address, attributes,
});

/** An action's history, oldest first: time and what the device said. */
export const statusesFrom = (body) => body.content.map((status) => ({
  ms: status.reportedAt, type: status.type, lines: status.messages,
}));

export const figuresFrom = (fleet) => ({
  devices: fleet.devices, online: fleet.polled_recently, polls: fleet.polls_per_s,
  inFlight: fleet.in_flight,
});

export const callerFrom = (server) => ({ user: server.user, role: server.role,
                                         clock: server.now_ms });
