/** Why there is no server, and what to do about it. */

export type Problem =
    | { kind: "no-such-program"; path: string }
    | { kind: "no-python"; interpreter: string }
    | { kind: "no-tapelint"; interpreter: string }
    | { kind: "no-protocol"; interpreter: string }
    | { kind: "nowhere" }
    | { kind: "ended"; said: string };

/** What a person is told, and the command that would help, if one would. */
export interface Advice {
    text: string;
    command?: string;
}

export function advise(problem: Problem): Advice {
    switch (problem.kind) {
        case "no-such-program":
            return { text: `The setting tapelint.path names ${problem.path}, which is no program that can be run.` };
        case "no-python":
            return { text: `The Python interpreter ${problem.interpreter} cannot be run: choose another one.` };
        case "no-tapelint":
            return withInstallation(`${problem.interpreter} has no tapelint.`, problem.interpreter);
        case "no-protocol":
            return withInstallation(
                `The tapelint of ${problem.interpreter} is installed without its language server.`,
                problem.interpreter,
            );
        case "nowhere":
            return withInstallation(
                "There is no tapelint: no Python interpreter is chosen, and PATH has no tapelint.",
                "python",
            );
        case "ended":
            return {
                text: problem.said
                    ? `The tapelint server could not be started: ${problem.said}`
                    : "The tapelint server could not be started, and said nothing: see the log.",
            };
    }
}

function withInstallation(what: string, interpreter: string): Advice {
    const command = `${quoted(interpreter)} -m pip install "tapelint[lsp]"`;
    return { text: `${what} Install it with: ${command}`, command };
}

/** A word as shells read it: with its spaces, as one. */
function quoted(word: string): string {
    return /\s/.test(word) ? `"${word}"` : word;
}
