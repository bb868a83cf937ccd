/** The server's process: what it says on its standard error, and its end. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import type { Command } from "./server";

const GRACE = 2_000;
const LINES = 3;

export class ServerProcess {
    readonly child: ChildProcess;
    private readonly silent: Promise<unknown>;
    private lines: string[] = [];

    constructor(command: Command, folder: string | undefined, hear: (text: string) => void) {
        this.child = spawn(command.program, command.args, folder ? { cwd: folder } : {});
        this.child.on("error", (error) => this.lines.push(error.message));
        const errors = this.child.stderr;
        errors?.setEncoding("utf-8").on("data", (text: string) => {
            hear(text);
            const lines = (this.lines.join("\n") + text).split(/\r?\n/);
            this.lines = lines.filter((line) => line.trim()).slice(-LINES);
        });
        this.silent = errors ? once(errors, "close") : Promise.resolve();
    }

    /** The last lines of its standard error; they may come after the news of its end. */
    async lastWords(): Promise<string> {
        await Promise.race([this.silent, sleep(GRACE, undefined, { ref: false })]);
        return this.lines.join("\n");
    }

    /** Waits for it to end as it was asked to, or else ends it. */
    async end(): Promise<void> {
        await Promise.race([this.ended(), sleep(GRACE, undefined, { ref: false })]);
        this.kill();
        await this.ended();
    }

    kill(): void {
        this.child.kill("SIGKILL");
    }

    /** Whether it ended, and not because it was asked to. */
    get failed(): boolean {
        return this.child.pid === undefined || (this.child.exitCode ?? 0) !== 0;
    }

    private async ended(): Promise<void> {
        const { pid, exitCode, signalCode } = this.child;
        if (pid !== undefined && exitCode === null && signalCode === null) {
            await once(this.child, "exit");
        }
    }
}
