// SPDX-License-Identifier: MIT OR Apache-2.0
// The console's code that needs no browser: the parser of event streams, the reading of a failure
// rate, the mapping of the API's answers. Run by console_logic.py; argument: the folder.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const load = (name) => import(new URL(name, pathToFileURL(`${process.argv[2]}/`)));
const { EventParser, Live } = await load("live.js");
const { standing, scaleTop } = await load("gauge.js");
const { coalesce } = await load("dom.js");
const { setLanguage, strings, t, percent } = await load("strings.js");

function parsed(chunks) {
  const events = [];
  const parser = new EventParser((event) => events.push(event));
  for (const chunk of chunks) parser.feed(chunk);
  return events;
}

function testEvents() {
  const stream = ": hello\nevent: rollout\ndata: {\ndata: }\n\nretry: 100\n\ndata:x\r\n\r\nid: 7\n\n";
  const want = [{ name: "rollout", data: "{\n}" }, { name: "message", data: "x" }];
  assert.deepEqual(parsed([stream]), want);
  for (let cut = 1; cut < stream.length; cut++) {
    assert.deepEqual(parsed([stream.slice(0, cut), stream.slice(cut)]), want, `cut at ${cut}`);
  }
  assert.deepEqual(parsed([...stream]), want, "byte by byte");
  assert.deepEqual(parsed(["data: half"]), []);
  assert.throws(() => parsed(["x".repeat(1 << 21)]), /too long/);
}

function testRate() {
  const rate = { rate: 0.02, lower: 0.001, upper: 0.04, threshold: 0.05, sample: 100 };
  assert.equal(standing(rate), "within");
  assert.equal(standing({ ...rate, upper: 0.07 }), "between");
  assert.equal(standing({ ...rate, lower: 0.06, upper: 0.2 }), "above");
  assert.equal(standing({ ...rate, sample: 0 }), "none");
  for (const [threshold, value, upper] of
       [[0.001, 0, 1], [0.05, 0.01, 0.1], [0.05, 1, 1], [0.5, 0.6, 0.9], [0.000001, 0, 1e-6]]) {
    const top = scaleTop({ threshold, rate: value, upper, lower: 0, sample: 9 });
    assert.ok(top > threshold && top >= value && top <= 1, `${threshold} ${value}: ${top}`);
  }
}

async function testCoalesce() {
  let runs = 0;
  let now = 0;
  const call = coalesce(async () => {
    assert.equal(++now, 1, "never twice at the same time");
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    runs++;
  }, 1);
  for (let i = 0; i < 10; i++) call();
  const until = async (n) => {
    while (runs < n) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await until(2);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(runs, 2, "ten calls: one at once, one for the rest");
  call();
  await until(3);
}

function testStrings() {
  for (const language of Object.keys(strings)) {
    setLanguage(language, false);
    assert.match(t("linkDown", { seconds: 4 }), /4/);
    assert.match(percent(0.0525), /5[.,]25/);
  }
  assert.throws(() => t("no such string"));
  setLanguage("en", false);
}

/** A server that is away, then answers, then goes: told each time, and asked again. */
async function testReconnect() {
  const heard = [];
  const answers = [
    () => { throw new Error("refused"); },
    () => new Response(new Blob(["data: 1\n\n"]).stream(), { status: 200 }),
    () => new Response("", { status: 401 }),
  ];
  globalThis.fetch = async (url, { headers }) => {
    assert.equal(headers.Authorization, "Bearer x");
    return answers.shift()();
  };
  const warn = console.warn;
  console.warn = () => {};
  await new Promise((resolve) => {
    new Live("/events", () => ({ Authorization: "Bearer x" }), {
      up: () => heard.push("up"),
      down: () => heard.push("down"),
      event: (event) => heard.push(event.data),
      denied: (status) => { heard.push(status); resolve(); },
    });
  });
  console.warn = warn;
  assert.deepEqual(heard, ["down", "up", "1", "down", 401]);
}

globalThis.document = { documentElement: {} };
testEvents();
testRate();
testStrings();
await testCoalesce();
await testReconnect();
console.log("console logic: 5 passed");
