/** Programs on this machine: where they are, and what an interpreter has installed. */

import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, extname, isAbsolute, join } from "node:path";

import type { Examination } from "./server";

// Asks without importing, and without the folder that Python is started in among the places of modules.
const QUESTION = `import sys
sys.path = [place for place in sys.path if place]
from importlib.util import find_spec
print(*(find_spec(name) is not None for name in ("tapelint", "pygls")))`;
const PATIENCE = 20_000;

export function examine(interpreter: string): Promise<Examination> {
    return new Promise((resolve) => {
        execFile(interpreter, ["-c", QUESTION], { timeout: PATIENCE }, (error, output) => {
            const [tapelint, protocol] = output.trim().split(/\s+/);
            resolve(
                error ? { runs: false } : { runs: true, tapelint: tapelint === "True", protocol: protocol === "True" },
            );
        });
    });
}

export function locate(program: string): string | undefined {
    const places = isAbsolute(program)
        ? [program]
        : (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, program));
    const endings = process.platform === "win32" && !extname(program) ? [".exe"] : [""];
    return places.flatMap((place) => endings.map((ending) => place + ending)).find(isProgram);
}

function isProgram(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}
