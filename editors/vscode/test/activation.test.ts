/** The bundled extension, activated against a stand-in for VS Code, with the real server at the other end. */

import assert from "node:assert/strict";
import childProcess, { type ChildProcess, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { URI } from "vscode-uri";

import { Editor } from "./standin";

const PYTHON = execFileSync(process.env["TAPELINT_PYTHON"] ?? "python3", ["-c", "import sys; print(sys.executable)"])
    .toString()
    .trim();
const FOLDER = mkdtempSync(join(tmpdir(), "a project "));
const SCRIPT = join(FOLDER, "train.py");
// The unused suppression has a safe fix, which "Fix All" makes.
const TEXT = `from tensorflow import keras

model = keras.Sequential([keras.layers.Dense(1)])  # tapelint: ignore[gradients-not-applied]
model.compile("sgd", "mse")
`;

const DEFAULTS = Object.entries(
    JSON.parse(readFileSync("package.json", "utf-8")).contributes.configuration.properties as Record<
        string,
        { default: unknown }
    >,
).map(([name, { default: value }]) => [name, value] as const);

const editor = new Editor(FOLDER);
const context = { subscriptions: [] as { dispose(): unknown }[] };
let extension: { activate(context: unknown): Promise<void>; deactivate(): Promise<void> };

const spawn = childProcess.spawn;
const started: ChildProcess[] = [];
const noted = (...args: Parameters<typeof spawn>) => {
    const child = spawn(...args);
    started.push(child);
    return child;
};

const found = () => editor.diagnostics.get(URI.file(SCRIPT).toString()) ?? [];
const servers = () => editor.logged.flatMap((line) => /Starting (.*)/.exec(line)?.[1] ?? []);
/** The servers that are running. */
const running = () => started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);

before(async () => {
    // A module of the workspace's that has the name of one of Python's must not come between the server and Python.
    writeFileSync(join(FOLDER, "tokenize.py"), "raise SystemExit('the wrong tokenize')\n");
    writeFileSync(SCRIPT, TEXT);
    for (const [name, value] of DEFAULTS) {
        editor.settings.set(name, value);
    }
    editor.interpreter = PYTHON;
    Object.assign(childProcess, { spawn: noted });
    editor.takePlace();
    extension = createRequire(__filename)(resolve("dist/extension.js"));
    editor.open(SCRIPT, TEXT);
    await extension.activate(context);
});

after(() => {
    rmSync(FOLDER, { recursive: true });
});

test("the server of the chosen interpreter is started", () => {
    assert.deepEqual(servers(), [`${PYTHON} -P -m tapelint lsp`]);
    assert.equal(editor.bar.text, "$(check) tapelint", editor.logged.join("\n"));
    assert.equal(editor.bar.command, "tapelint.showLog");
    assert.deepEqual(editor.told, []);
});

test("what is found in an open document arrives", async () => {
    await editor.until(() => found().length > 0);
    assert.deepEqual(
        found().map(({ source, range }) => [source, range.start.line]),
        [["tapelint", 2]],
    );
});

test("all safe fixes are made by one command", async () => {
    await editor.run("tapelint.fixFile");
    await editor.until(() => editor.edits.length > 0);
    const [edit] = editor.edits.splice(0);
    assert.deepEqual(
        edit?.changes.map(({ uri, text }) => [uri.fsPath, text.includes("tapelint")]),
        [[SCRIPT, false]],
    );
});

test("a script is saved before it is probed, and not probed if that is called off", async () => {
    const document = editor.documents[0];
    assert.ok(document);
    document.isDirty = true;
    document.saves = false;
    await editor.run("tapelint.probeFile");
    assert.equal(document.isDirty, true);
    assert.deepEqual(editor.told, []);

    // The server looks whether what it shall run is what it was shown.
    writeFileSync(SCRIPT, "");
    document.saves = true;
    await editor.run("tapelint.probeFile");
    await editor.until(() => editor.told.length > 0);
    assert.equal(document.isDirty, false);
    assert.match(editor.told.splice(0).join(), /`train.py` cannot be probed: save it first/);
    writeFileSync(SCRIPT, TEXT);
    editor.executed.splice(0);
});

test("a server that dies is started again", async () => {
    const first = running();
    first[0]?.kill("SIGKILL");
    await editor.until(() => editor.bar.text.includes("sync"));
    await editor.until(() => editor.bar.text.includes("check"));
    const second = running();
    assert.equal(second.length, 1);
    assert.notDeepEqual(second, first);
    assert.deepEqual(editor.told, []);
});

test("the restart command leaves one server, however often it is given", async () => {
    const before = running();
    await Promise.all([1, 2].map(() => editor.run("tapelint.restartServer")));
    const after = running();
    assert.equal(after.length, 1);
    assert.notDeepEqual(after, before);
    assert.equal(editor.bar.text, "$(check) tapelint");
    editor.diagnostics.clear();
    await editor.until(() => found().length > 0);
    assert.deepEqual(editor.told, []);
});

test("another interpreter gets another server", async () => {
    const starts = servers().length;
    editor.interpreterChanged.fire({});
    await editor.until(() => servers().length > starts);
    await editor.until(() => editor.bar.text.includes("check"));
    assert.equal(running().length, 1);
});

test("it stops when it is switched off, and says so when it is asked for something", async () => {
    editor.configure("tapelint.enable", false);
    await editor.until(() => editor.bar.text.includes("slash"));
    assert.deepEqual(running(), []);
    assert.equal(found().length, 0);
    await editor.run("tapelint.fixFile");
    assert.deepEqual(editor.told.splice(0), ["tapelint is not running."]);
    editor.configure("tapelint.enable", true);
    await editor.until(() => editor.bar.text.includes("check"));
});

test("a program that is not there is named, and the settings are one click away", async () => {
    editor.answer = "Open Settings";
    editor.configure("tapelint.path", "~/no such/tapelint");
    await editor.until(() => editor.executed.length > 0);
    assert.equal(editor.bar.text, "$(error) tapelint");
    assert.match(editor.told.splice(0).join(), /tapelint\.path names .*no such.tapelint/);
    assert.deepEqual(editor.executed.splice(0), ["workbench.action.openSettings"]);
    assert.deepEqual(running(), []);
});

test("what a server says that ends at once is told", async () => {
    const broken = join(FOLDER, "broken.sh");
    writeFileSync(broken, "#!/bin/sh\necho 'the language server needs pip install tapelint[lsp]' >&2; exit 2\n", {
        mode: 0o755,
    });
    editor.answer = "Show Log";
    editor.configure("tapelint.path", broken);
    await editor.until(() => editor.logged.includes("shown"));
    assert.equal(editor.bar.text, "$(error) tapelint");
    const [told, ...more] = editor.told.splice(0);
    assert.match(told ?? "", /could not be started: the language server needs pip install tapelint\[lsp\]/);
    assert.deepEqual(more, []);
});

test("a program that never answers does not keep another from being started", async () => {
    const silent = join(FOLDER, "silent.sh");
    writeFileSync(silent, "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
    const starts = servers().length;
    editor.configure("tapelint.path", silent);
    await editor.until(() => servers().length > starts);
    editor.configure("tapelint.path", "");
    await editor.until(() => editor.bar.text.includes("check"));
    assert.deepEqual(editor.told, []);
});

test("nothing runs on when the editor has gone", async () => {
    assert.equal(running().length, 1);
    await extension.deactivate();
    assert.deepEqual(running(), []);
    assert.deepEqual(editor.told, []);
});
