// SPDX-License-Identifier: MIT OR Apache-2.0
// The operators' API: one function for requests, one place for the token. The token lives in
// sessionStorage (this tab only) and travels in the Authorization header, so there is no cookie
// for another site to ride on.

const KEY = "sennit.token";
export const BASE = "/api/v1";
/** hawkBit's management API, for what our own does not repeat. */
export const MANAGEMENT = "/rest/v1";

/** An answer that is not 2xx, from its problem+json body where there is one. */
export class ApiError extends Error {
  constructor(status, title, detail) {
    super(detail ? `${title}: ${detail}` : title);
    this.status = status;
  }
}

/** Takes #token=… out of the address, so that it is neither bookmarked nor shared. */
export function takeTokenFromAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const token = parts.get("token");
  if (!token) return;
  sessionStorage.setItem(KEY, token);
  parts.delete("token");
  const rest = parts.toString();
  history.replaceState(null, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
}

export const token = () => sessionStorage.getItem(KEY);
export const setToken = (value) => sessionStorage.setItem(KEY, value);
export const forgetToken = () => sessionStorage.removeItem(KEY);

export const authorization = () => ({ Authorization: `Bearer ${token()}` });

async function failure(answer) {
  let problem = {};
  try {
    problem = await answer.json();
  } catch {
    // not JSON: the status line says all there is
  }
  return new ApiError(answer.status, problem.title || `${answer.status} ${answer.statusText}`,
                      problem.detail || "");
}

/** GET: {body}. */
export async function get(path, base = BASE) {
  const answer = await fetch(base + path, { headers: authorization(), cache: "no-store" });
  if (!answer.ok) throw await failure(answer);
  return { body: await answer.json() };
}

/** POST of a state change, valid only if the object is still the one the operator saw. */
export async function post(path, etag, body = {}) {
  const headers = { ...authorization(), "Content-Type": "application/json" };
  if (etag) headers["If-Match"] = etag;
  const answer = await fetch(BASE + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw await failure(answer);
}
