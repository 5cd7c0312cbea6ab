// SPDX-License-Identifier: MIT OR Apache-2.0
// From the API's JSON to what the page draws. The only file that knows the API's field names.

/** Where the devices of a stage are: closed, on the way, or not reached yet. */
function countsFrom(stage) {
  const { succeeded, failed, silent, offered, downloading, installing } = stage;
  return { succeeded, failed, silent, offered, downloading, installing,
           waiting: Math.max(0, stage.total - stage.assigned) };
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
  if (!judged) return null;
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
      total: stage.total,
      counts: countsFrom(stage),
      reason: stage.reason,
    })),
  };
}

export const recordsFrom = (body) => body.items.map((record) => ({
  ms: record.utc_ms, actor: record.actor, what: record.event, why: record.reason,
}));

const softwareOf = (name, version) => [name, version].filter(Boolean).join(" ");

const deviceFrom = (device) => ({
  name: device.id, state: device.status, seen: device.lastPollMs,
  software: softwareOf(device.installedName, device.installedVersion),
});

const actionFrom = (action) => ({
  id: action.id, state: action.status, changed: action.changedMs,
  software: softwareOf(action.setName, action.setVersion),
});

export const devicesFrom = (body) => ({ total: body.total, devices: body.items.map(deviceFrom) });

/** A roll-out's devices come as its actions. */
export const rolloutDevicesFrom = (body) => ({
  total: body.total,
  devices: body.items.map((action) => ({
    name: action.device, state: action.status, seen: action.changedMs,
    software: softwareOf(action.setName, action.setVersion),
  })),
});

export const actionsFrom = (body) => body.items.map(actionFrom);

export const detailFrom = ({ device, attributes }) => ({
  ...deviceFrom(device), address: device.address, attributes,
});

/** An action's history, oldest first: time and what the device said. */
export const statusesFrom = (body) => body.content.map((status) => ({
  ms: status.reportedAt, type: status.type, lines: status.messages,
}));

export const figuresFrom = (fleet) => ({
  devices: fleet.devices, online: fleet.online, inFlight: fleet.openActions, polls: fleet.polls,
});

export const callerFrom = (server) => ({ user: server.user, role: server.role });
