// Makes dist/extension.js, which is all of the extension's code, with the licences of what is in it; and out/test, what the
// tests run.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const common = { bundle: true, platform: "node", format: "cjs", target: "node20", external: ["vscode"] };

const { metafile } = await build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    minify: true,
    metafile: true,
});

const packages = Object.keys(metafile.inputs).flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
const notices = [...new Set(packages)].sort().map((folder) => {
    const licence = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    if (!licence) {
        throw new Error(`${folder} has no licence`);
    }
    return `${folder.replace("node_modules/", "")}\n\n${readFileSync(`${folder}/${licence}`, "utf-8").trim()}\n`;
});
writeFileSync("dist/NOTICE.txt", `The extension contains these packages.\n\n${notices.join("\n---\n\n")}`);

await build({
    ...common,
    entryPoints: readdirSync("test")
        .filter((name) => name.endsWith(".test.ts"))
        .map((name) => `test/${name}`),
    outdir: "out/test",
    sourcemap: "inline",
});
