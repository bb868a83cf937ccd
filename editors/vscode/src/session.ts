/** The life of the language client: starting, restarting and stopping it, one after the other. */

import {
    commands,
    env,
    type LogOutputChannel,
    type StatusBarItem,
    ThemeColor,
    type Uri,
    window,
    workspace,
    type WorkspaceFolder,
} from "vscode";
import {
    CloseAction,
    LanguageClient,
    type LanguageClientOptions,
    State as ClientState,
} from "vscode-languageclient/node";

import { advise, type Problem } from "./problems";
import { ServerProcess } from "./process";
import { examine, locate } from "./programs";
import { chosenInterpreter } from "./python";
import { chooseServer, type Command, isCommand } from "./server";
import { initializationOptions, pathOf } from "./settings";
import { entryFor, type State } from "./status";

/** The server's commands. */
export const PROBE = "tapelint.probe";
export const FIX_ALL = "tapelint.fixAll";

const SELECTOR = [
    { scheme: "file", language: "python" },
    { scheme: "untitled", language: "python" },
    { scheme: "vscode-notebook-cell", language: "python" },
];

/** A client that only notes what goes wrong: people are told by the session, once and in words that help. */
class Client extends LanguageClient {
    override error(message: string, data?: unknown): void {
        super.error(message, data, false);
    }
}

export class Session {
    private client: LanguageClient | undefined;
    /** Whether the client has been running: from then on it restarts a server that dies. */
    private hasRun = false;
    private server: ServerProcess | undefined;
    private turn: Promise<void> = Promise.resolve();

    constructor(
        private readonly log: LogOutputChannel,
        private readonly bar: StatusBarItem,
    ) {
        this.show("stopped");
    }

    /** Stops the server if one runs and starts the one that the settings now ask for. */
    restart(): Promise<void> {
        return this.takeTurn(async () => {
            await this.end();
            await this.begin();
        });
    }

    stop(): Promise<void> {
        return this.takeTurn(() => this.end());
    }

    /** Has the server carry out one of its commands. */
    async execute(command: string, argument: unknown): Promise<void> {
        if (!this.client?.isRunning()) {
            const restart = "Restart Server";
            if ((await window.showWarningMessage("tapelint is not running.", restart)) === restart) {
                await this.restart();
            }
            return;
        }
        await commands.executeCommand(command, argument);
    }

    /** Two starts at once would leave two servers: each waits for the one before, and gives it no time to wait for. */
    private takeTurn(action: () => Promise<void>): Promise<void> {
        if (this.client?.state === ClientState.Starting) {
            this.client = undefined;
            this.server?.kill();
        }
        this.turn = this.turn.then(action, action);
        return this.turn;
    }

    private async end(): Promise<void> {
        const client = this.client;
        this.client = undefined;
        if (client?.isRunning()) {
            // It says that it runs a little before all that it registers is registered, and stopping takes back only what is.
            await client.start();
            await client.stop().catch((error: unknown) => this.log.error(String(error)));
        }
        await this.server?.end();
        this.server = undefined;
        this.show("stopped");
    }

    private async begin(): Promise<void> {
        const folder = workspace.workspaceFolders?.[0];
        const configuration = workspace.getConfiguration("tapelint", folder?.uri);
        if (!configuration.get<boolean>("enable")) {
            this.show("stopped", "tapelint.enable is off");
            return;
        }
        this.show("starting");
        const wishes = {
            path: pathOf(configuration, "path", folder?.uri.fsPath),
            interpreter: pathOf(configuration, "interpreter", folder?.uri.fsPath),
        };
        const choice = await chooseServer(wishes, {
            chosenInterpreter: () => chosenInterpreter(folder?.uri),
            examine,
            locate,
        });
        if (!isCommand(choice)) {
            this.fail(choice);
            return;
        }
        const line = [choice.program, ...choice.args].join(" ");
        this.log.info(`Starting ${line}`);
        this.hasRun = false;
        const client = this.clientOf(choice, folder);
        this.client = client;
        try {
            await client.start();
            this.hasRun = true;
            this.show("running", line);
        } catch (error) {
            this.log.error(String(error));
            await this.giveUp(client, error);
        }
    }

    private clientOf(command: Command, folder: WorkspaceFolder | undefined): LanguageClient {
        const options: LanguageClientOptions = {
            documentSelector: SELECTOR,
            outputChannel: this.log,
            initializationOptions: initializationOptions(workspace.getConfiguration("tapelint", folder?.uri)),
            synchronize: { configurationSection: "tapelint" },
            initializationFailedHandler: () => false,
            middleware: {
                executeCommand: async (command, args, next) => {
                    // What is on the disk is what a probe runs.
                    if (command !== PROBE || (await save(args[0]?.uri))) {
                        await next(command, args);
                    }
                },
            },
            errorHandler: {
                error: (error, message, count) => usual.error(error, message, count),
                closed: async () => {
                    // A server that dies before it has answered would die again.
                    const lives = this.hasRun && client.state !== ClientState.Starting;
                    const result = lives ? await usual.closed() : { action: CloseAction.DoNotRestart };
                    if (this.hasRun && result.action === CloseAction.DoNotRestart) {
                        await this.giveUp(client);
                    }
                    return { ...result, handled: true };
                },
            },
            stdioOptions: { stdout: () => undefined, stderr: () => undefined },
        };
        const start = async () => {
            if (this.client !== client) {
                throw new Error("another server is wanted by now");
            }
            this.server = new ServerProcess(command, folder?.uri.fsPath, (text) => this.log.append(text));
            return this.server.child;
        };
        const client: LanguageClient = new Client("tapelint", "tapelint", start, options);
        const usual = client.createDefaultErrorHandler();
        client.onDidChangeState(({ newState }) => {
            if (this.client === client && newState === ClientState.Starting) {
                this.show("starting");
            } else if (this.client === client && newState === ClientState.Running) {
                this.show("running");
            }
        });
        return client;
    }

    /** Tells that a client has no server any more, unless another one has taken its place. */
    private async giveUp(client: LanguageClient, error?: unknown): Promise<void> {
        await this.server?.end();
        const words = this.server?.failed ? await this.server.lastWords() : "";
        if (this.client === client) {
            this.client = undefined;
            this.fail({ kind: "ended", said: words || (error instanceof Error ? error.message : "") });
        }
    }

    private fail(problem: Problem): void {
        const advice = advise(problem);
        this.log.error(advice.text);
        this.show("error", advice.text);
        void this.offer(advice.text, advice.command);
    }

    private async offer(text: string, command: string | undefined): Promise<void> {
        const copy = "Copy Command";
        const settings = "Open Settings";
        const log = "Show Log";
        const answer = await window.showErrorMessage(text, ...(command ? [copy] : []), settings, log);
        if (answer === copy && command) {
            await env.clipboard.writeText(command);
        } else if (answer === settings) {
            await commands.executeCommand("workbench.action.openSettings", "tapelint");
        } else if (answer === log) {
            this.log.show();
        }
    }

    private show(state: State, detail = ""): void {
        const entry = entryFor(state, detail);
        this.bar.text = entry.text;
        this.bar.tooltip = entry.tooltip;
        this.bar.backgroundColor = entry.alarming ? new ThemeColor("statusBarItem.errorBackground") : undefined;
        this.bar.show();
    }
}

/** Saves the script, or the notebook that it is or is a cell of; false if that was called off. */
async function save(uri: string): Promise<boolean> {
    const named = (document: { uri: Uri }) => document.uri.toString() === uri;
    const notebook = workspace.notebookDocuments.find(
        (each) => named(each) || each.getCells().some((cell) => named(cell.document)),
    );
    const open = notebook ?? workspace.textDocuments.find(named);
    return !open?.isDirty || open.save();
}

/** What a person looks at: the notebook, or the document of the editor. */
export function shown(): Uri | undefined {
    return window.activeNotebookEditor?.notebook.uri ?? window.activeTextEditor?.document.uri;
}
