/** What is seen of the programs on a machine. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";

import { examine, locate } from "../src/programs";

const FOLDER = mkdtempSync(join(tmpdir(), "programs "));
const PATH = process.env["PATH"];

after(() => {
    process.env["PATH"] = PATH;
    rmSync(FOLDER, { recursive: true });
});

function program(folder: string, text = "#!/bin/sh\n", mode = 0o755): string {
    mkdirSync(join(FOLDER, folder), { recursive: true });
    const path = join(FOLDER, folder, "tapelint");
    writeFileSync(path, text, { mode });
    return path;
}

test("an interpreter that has tapelint and its server is seen to", async () => {
    assert.deepEqual(await examine(process.env["TAPELINT_PYTHON"] ?? "python3"), {
        runs: true,
        tapelint: true,
        protocol: true,
    });
});

test("what an interpreter lacks is seen", async () => {
    assert.deepEqual(await examine(program("bare", "#!/bin/sh\necho False False\n")), {
        runs: true,
        tapelint: false,
        protocol: false,
    });
    assert.deepEqual(await examine(program("half", "#!/bin/sh\necho True False\n")), {
        runs: true,
        tapelint: true,
        protocol: false,
    });
});

test("what fails or is not there does not run", async () => {
    assert.deepEqual(await examine(program("failing", "#!/bin/sh\nexit 1\n")), { runs: false });
    assert.deepEqual(await examine(join(FOLDER, "nowhere", "python")), { runs: false });
});

test("a program is the first on PATH that can be run", () => {
    program("text", "", 0o644);
    mkdirSync(join(FOLDER, "folder", "tapelint"), { recursive: true });
    const first = program("first");
    program("second");
    process.env["PATH"] = ["text", "folder", "first", "second"].map((name) => join(FOLDER, name)).join(delimiter);
    assert.equal(locate("tapelint"), first);
    assert.equal(locate("tapelinter"), undefined);
});

test("a path is taken as it is", () => {
    const path = program("elsewhere");
    assert.equal(locate(path), path);
    assert.equal(locate(join(FOLDER, "nowhere")), undefined);
});
