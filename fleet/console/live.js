// SPDX-License-Identifier: MIT OR Apache-2.0
// Server-sent events over fetch: EventSource cannot send an Authorization header. Reconnects by
// itself with a growing, jittered delay; the owner hears of every change of the connection.

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 15000;
const SILENCE_MS = 45000;
const MAX_LINE = 1 << 20;

/** Cuts a stream of text into events: feed(chunk) calls onEvent({name, data, id}). */
export class EventParser {
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.rest = "";
    this.clear();
  }

  clear() {
    this.name = "message";
    this.data = [];
  }

  feed(chunk) {
    // a lone \r at the end may be half of a \r\n: it stays until the next chunk
    const lines = (this.rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    if (this.rest.length > MAX_LINE) throw new Error("event line too long");
    for (const line of lines) this.line(line);
  }

  line(line) {
    if (line === "") {
      if (this.data.length) this.onEvent({ name: this.name, data: this.data.join("\n") });
      this.clear();
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    else if (field === "data") this.data.push(value);
  }
}

/** One live connection. on.event({name, data}), on.up(), on.down(delayMs), on.denied(status). */
export class Live {
  constructor(url, headers, on) {
    Object.assign(this, { url, headers, on, delay: FIRST_DELAY_MS, closed: false });
    this.timer = 0;
    this.connect();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.watch);
    this.abort?.abort();
  }

  /** The server sends something at least every half minute; silence means a dead connection. */
  heard() {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.abort?.abort(), SILENCE_MS);
  }

  async connect() {
    this.abort = new AbortController();
    try {
      const answer = await fetch(this.url, {
        headers: { ...this.headers(), Accept: "text/event-stream" },
        cache: "no-store",
        signal: this.abort.signal,
      });
      if (answer.status === 401 || answer.status === 403) {
        this.close();
        this.on.denied(answer.status);
        return;
      }
      if (answer.ok) await this.read(answer.body);
    } catch (error) {
      // refused, reset, silent: all end in the same retry
      if (!this.abort.signal.aborted) console.warn("live:", error);
    }
    if (!this.closed) this.retry();
  }

  async read(body) {
    this.on.up();
    this.heard();
    const parser = new EventParser((event) => this.on.event(event));
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done || this.closed) return;
      this.heard();
      this.delay = FIRST_DELAY_MS;
      parser.feed(value);
    }
  }

  retry() {
    clearTimeout(this.watch);
    const wait = this.delay * (0.75 + Math.random() / 2);
    this.delay = Math.min(this.delay * 2, LAST_DELAY_MS);
    this.on.down(wait);
    this.timer = setTimeout(() => this.connect(), wait);
  }
}
