// SPDX-License-Identifier: MIT OR Apache-2.0
// From the API's JSON to what the page draws. The only file that knows the API's field names.

/** Where a device of a stage can be, as far as the server tells it. */
function countsFrom(stage) {
  const c = stage.counts;
  const closed = c.succeeded + c.failed + c.silent;
  const counts = { succeeded: c.succeeded, installing: 0, downloading: 0, offered: 0,
                   failed: c.failed, silent: c.silent, waiting: 0 };
  const open = Math.max(0, c.assigned - closed);
  counts.downloading = Math.min(open, c.downloading ?? 0);
  counts.installing = Math.min(open - counts.downloading, c.installing ?? 0);
  counts.offered = open - counts.downloading - counts.installing;
  counts.waiting = Math.max(0, c.total - c.assigned);
  return counts;
}

function stageState(rollout, i) {
  if (i > rollout.stage || ["draft", "approved"].includes(rollout.state)) return "ahead";
  if (i < rollout.stage || rollout.state === "done") return "passed";
  if (rollout.state === "stopped") return "stopped";
  if (rollout.state === "held" && rollout.hold === "failed") return "failed";
  return rollout.state === "running" ? "open" : "held";
}

function rateFrom(rollout) {
  const j = rollout.judgement;
  if (!j) return null;
  return { ...j, needed: j.needed ?? null, threshold: rollout.policy.threshold,
           confidence: rollout.policy.confidence };
}

export function rolloutFrom(rollout, etag) {
  return {
    id: rollout.id,
    name: rollout.name,
    state: rollout.state,
    mode: rollout.mode,
    reason: rollout.reason,
    etag: etag ?? `"${rollout.version}"`,
    rate: rateFrom(rollout),
    stages: rollout.stages.map((stage, i) => ({
      share: stage.share,
      state: stageState(rollout, i),
      current: i === rollout.stage && rollout.state !== "done",
      total: stage.counts.total,
      counts: countsFrom(stage),
      reason: stage.reason,
    })),
  };
}

export const rolloutsFrom = (body) => body.rollouts.map((rollout) => rolloutFrom(rollout));

export const recordsFrom = (body) => body.records.map((record) => ({
  ms: record.utc_ms, actor: record.actor, what: record.event, why: record.reason,
}));

export const devicesFrom = (body) => ({
  total: body.total,
  devices: body.devices.map((device) => ({
    name: device.id, state: device.status, version: device.installed_version,
    seen: device.last_poll_ms, detail: device.detail ?? "",
  })),
});

export const figuresFrom = (server) => ({
  devices: server.devices, online: server.polled_recently, polls: server.polls_per_s,
  inFlight: server.in_flight, version: server.version,
});
