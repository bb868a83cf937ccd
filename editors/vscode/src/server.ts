/** Which program is the server: a decision over what the settings say and what is installed. */

import type { Problem } from "./problems";

/** What the settings say about where tapelint is; empty where they say nothing. */
export interface Wishes {
    path: string;
    interpreter: string;
}

/** What an interpreter was seen to have, or that it could not be run. */
export type Examination = { runs: false } | { runs: true; tapelint: boolean; protocol: boolean };

/** The machine, as far as the decision asks it. */
export interface Machine {
    /** The interpreter that the Python extension has chosen for the workspace. */
    chosenInterpreter(): Promise<string | undefined>;
    examine(interpreter: string): Promise<Examination>;
    /** Where a program is: the file itself, or the first of that name in the folders of PATH. */
    locate(program: string): string | undefined;
}

/** A program with its arguments. */
export interface Command {
    program: string;
    args: string[];
}

/** The command that starts the server, or why there is none. */
export type Choice = Command | Problem;

export async function chooseServer(wishes: Wishes, machine: Machine): Promise<Choice> {
    if (wishes.path) {
        const program = machine.locate(wishes.path);
        return program ? { program, args: ["lsp"] } : { kind: "no-such-program", path: wishes.path };
    }
    if (wishes.interpreter) {
        return ofInterpreter(wishes.interpreter, await machine.examine(wishes.interpreter));
    }
    const interpreter = await machine.chosenInterpreter();
    const choice = interpreter ? ofInterpreter(interpreter, await machine.examine(interpreter)) : undefined;
    if (choice && (isCommand(choice) || choice.kind === "no-protocol")) {
        return choice;
    }
    const program = machine.locate("tapelint");
    return program ? { program, args: ["lsp"] } : (choice ?? { kind: "nowhere" });
}

export function isCommand(choice: Choice): choice is Command {
    return "program" in choice;
}

function ofInterpreter(interpreter: string, seen: Examination): Choice {
    if (!seen.runs) {
        return { kind: "no-python", interpreter };
    }
    if (!seen.tapelint) {
        return { kind: "no-tapelint", interpreter };
    }
    // -P keeps the workspace's own modules, a tokenize.py among them, from taking the place of Python's.
    return seen.protocol
        ? { program: interpreter, args: ["-P", "-m", "tapelint", "lsp"] }
        : { kind: "no-protocol", interpreter };
}
