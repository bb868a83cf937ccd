/** What the settings come to, and that the manifest, the client and the manual speak of the same ones. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { test } from "node:test";

import { type Configuration, initializationOptions, OF_THE_CLIENT, OF_THE_SERVER, pathOf } from "../src/settings";

const MANIFEST = JSON.parse(readFileSync("package.json", "utf-8"));
const PROPERTIES: Record<string, { default: unknown; scope?: string; markdownDescription?: string }> =
    MANIFEST.contributes.configuration.properties;

const configuration = (values: Record<string, unknown>): Configuration => ({
    get: <T>(name: string) => values[name] as T | undefined,
});

test("a path knows the home and the folder", () => {
    const said = (path: unknown) => pathOf(configuration({ path }), "path", "/a folder");
    assert.equal(said("~/env/bin/tapelint"), `${homedir()}/env/bin/tapelint`);
    assert.equal(said("${workspaceFolder}/.venv/bin/tapelint"), "/a folder/.venv/bin/tapelint");
    assert.equal(said("/opt/~tapelint"), "/opt/~tapelint");
    assert.equal(said("  "), "");
    assert.equal(said(undefined), "");
});

test("settings that are left to the configuration files are not sent", () => {
    const defaults = Object.entries(PROPERTIES).map(([name, { default: value }]) => [
        name.replace("tapelint.", ""),
        value,
    ]);
    assert.deepEqual(initializationOptions(configuration(Object.fromEntries(defaults))), { codeLens: true });
});

test("settings that say something are sent", () => {
    const values = { select: [], preview: false, probeTimeout: 30, configuration: "ci.toml", path: "/opt/tapelint" };
    const { path, ...expected } = values;
    assert.deepEqual(initializationOptions(configuration(values)), expected);
    assert.equal(path, "/opt/tapelint");
});

test("every setting is somebody's, and described", () => {
    const names = [...OF_THE_CLIENT, ...OF_THE_SERVER.map((name) => `tapelint.${name}`), "tapelint.trace.server"];
    assert.deepEqual(Object.keys(PROPERTIES).sort(), names.sort());
    for (const [name, { scope, markdownDescription }] of Object.entries(PROPERTIES)) {
        assert.ok(scope, name);
        assert.match(markdownDescription ?? "", /^[A-Z].*\.$/, name);
    }
});

test("what names a program cannot be set by a workspace that nobody trusts", () => {
    assert.equal(PROPERTIES["tapelint.path"]?.scope, "machine-overridable");
    assert.equal(PROPERTIES["tapelint.interpreter"]?.scope, "machine-overridable");
    assert.equal(MANIFEST.capabilities.untrustedWorkspaces.supported, false);
});
