/** What the status bar says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { entryFor, type State } from "../src/status";

const STATES: State[] = ["starting", "running", "stopped", "error"];

test("each state has a face of its own, and the name", () => {
    const texts = STATES.map((state) => entryFor(state).text);
    assert.equal(new Set(texts).size, STATES.length);
    assert.ok(texts.every((text) => /^\$\([a-z~-]+\) tapelint$/.test(text)));
});

test("only an error stands out", () => {
    assert.deepEqual(
        STATES.filter((state) => entryFor(state).alarming),
        ["error"],
    );
});

test("the tooltip has the detail, and where a click leads", () => {
    assert.equal(entryFor("running", "/env/python").tooltip, "tapelint is running: /env/python\nClick for the log.");
    assert.equal(entryFor("stopped").tooltip, "tapelint is stopped\nClick for the log.");
});
