/** Which server is chosen, on machines that have this and that. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { advise, type Problem } from "../src/problems";
import { chooseServer, type Examination, type Machine } from "../src/server";

const FULL: Examination = { runs: true, tapelint: true, protocol: true };
const WITHOUT_PROTOCOL: Examination = { runs: true, tapelint: true, protocol: false };
const EMPTY: Examination = { runs: true, tapelint: false, protocol: false };

/** A machine with interpreters, programs, and an interpreter that is chosen. */
function machine(
    interpreters: Record<string, Examination>,
    programs: Record<string, string>,
    chosen?: string,
): Machine {
    return {
        chosenInterpreter: async () => chosen,
        examine: async (interpreter) => interpreters[interpreter] ?? { runs: false },
        locate: (program) => programs[program],
    };
}

const NOTHING_SAID = { path: "", interpreter: "" };
const EVERYTHING = machine(
    { mine: FULL, theirs: FULL },
    { "/opt/tapelint": "/opt/tapelint", tapelint: "/bin/tapelint" },
);
const chosen = (interpreters: Record<string, Examination>, programs = {}) =>
    chooseServer(NOTHING_SAID, machine(interpreters, programs, "theirs"));

test("the path comes first", async () => {
    const wishes = { path: "/opt/tapelint", interpreter: "mine" };
    assert.deepEqual(await chooseServer(wishes, EVERYTHING), { program: "/opt/tapelint", args: ["lsp"] });
});

test("a path that leads nowhere is a problem, whatever else there is", async () => {
    const wishes = { path: "/nowhere", interpreter: "mine" };
    assert.deepEqual(await chooseServer(wishes, EVERYTHING), { kind: "no-such-program", path: "/nowhere" });
});

test("the interpreter of the settings comes before the chosen one", async () => {
    const choice = await chooseServer({ path: "", interpreter: "mine" }, machine({ mine: FULL }, {}, "theirs"));
    assert.deepEqual(choice, { program: "mine", args: ["-P", "-m", "tapelint", "lsp"] });
});

test("the chosen interpreter comes before PATH", async () => {
    const choice = await chosen({ theirs: FULL }, { tapelint: "/bin/tapelint" });
    assert.deepEqual(choice, { program: "theirs", args: ["-P", "-m", "tapelint", "lsp"] });
});

test("PATH serves an interpreter that has no tapelint, one that does not run, and none", async () => {
    const expected = { program: "/bin/tapelint", args: ["lsp"] };
    assert.deepEqual(await chosen({ theirs: EMPTY }, { tapelint: "/bin/tapelint" }), expected);
    assert.deepEqual(await chosen({}, { tapelint: "/bin/tapelint" }), expected);
    assert.deepEqual(await chooseServer(NOTHING_SAID, machine({}, { tapelint: "/bin/tapelint" })), expected);
});

test("an interpreter that the settings name is not passed over", async () => {
    const wishes = { path: "", interpreter: "mine" };
    const programs = { tapelint: "/bin/tapelint" };
    assert.deepEqual(await chooseServer(wishes, machine({ mine: EMPTY }, programs)), {
        kind: "no-tapelint",
        interpreter: "mine",
    });
    assert.deepEqual(await chooseServer(wishes, machine({}, programs)), { kind: "no-python", interpreter: "mine" });
});

test("a tapelint without its server is said, rather than another one started", async () => {
    assert.deepEqual(await chosen({ theirs: WITHOUT_PROTOCOL }, { tapelint: "/bin/tapelint" }), {
        kind: "no-protocol",
        interpreter: "theirs",
    });
});

test("where there is nothing, the reason is the nearest one", async () => {
    assert.deepEqual(await chosen({ theirs: EMPTY }), { kind: "no-tapelint", interpreter: "theirs" });
    assert.deepEqual(await chooseServer(NOTHING_SAID, machine({}, {})), { kind: "nowhere" });
});

test("whoever misses tapelint is told what to type", () => {
    const commands: [Problem, string][] = [
        [{ kind: "no-tapelint", interpreter: "/venv/bin/python" }, '/venv/bin/python -m pip install "tapelint[lsp]"'],
        [
            { kind: "no-protocol", interpreter: "C:\\My Env\\python.exe" },
            '"C:\\My Env\\python.exe" -m pip install "tapelint[lsp]"',
        ],
        [{ kind: "nowhere" }, 'python -m pip install "tapelint[lsp]"'],
    ];
    for (const [problem, command] of commands) {
        const advice = advise(problem);
        assert.equal(advice.command, command);
        assert.ok(advice.text.endsWith(command));
    }
});

test("whoever needs something else is told what is wrong, and nothing to type", () => {
    const words: [Problem, RegExp][] = [
        [{ kind: "no-such-program", path: "/nowhere" }, /tapelint\.path names \/nowhere/],
        [{ kind: "no-python", interpreter: "/old/python" }, /\/old\/python cannot be run/],
        [{ kind: "ended", said: "no such option: lsp" }, /could not be started: no such option: lsp/],
        [{ kind: "ended", said: "" }, /said nothing: see the log/],
    ];
    for (const [problem, expected] of words) {
        const advice = advise(problem);
        assert.match(advice.text, expected);
        assert.equal(advice.command, undefined);
    }
});
