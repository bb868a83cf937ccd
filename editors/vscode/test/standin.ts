/**
 * A stand-in for the module `vscode`: as much of VS Code as the client needs to start a server, to open a document, to
 * be told what is found there and to carry out the server's edits. What it is asked to register beyond this, it accepts
 * and never calls.
 */

import { EventEmitter as NodeEmitter } from "node:events";
import Module from "node:module";
import { URI } from "vscode-uri";

type Listener<T> = (event: T) => unknown;

class Disposable {
    static from(...all: { dispose(): unknown }[]): Disposable {
        return new Disposable(() => all.forEach((each) => each.dispose()));
    }
    constructor(readonly dispose: () => unknown) {}
}

class EventEmitter<T> {
    private readonly emitter = new NodeEmitter().setMaxListeners(0);
    event = (listener: Listener<T>, self?: unknown): Disposable => {
        const bound = listener.bind(self);
        this.emitter.on("event", bound);
        return new Disposable(() => this.emitter.off("event", bound));
    };
    fire(event: T): void {
        this.emitter.emit("event", event);
    }
    dispose(): void {
        this.emitter.removeAllListeners();
    }
}

class CancellationTokenSource {
    token = { isCancellationRequested: false, onCancellationRequested: () => new Disposable(() => undefined) };
    cancel(): void {}
    dispose(): void {}
}

class Position {
    constructor(
        readonly line: number,
        readonly character: number,
    ) {}
}

class Range {
    readonly start: Position;
    readonly end: Position;
    constructor(startLine: number, startCharacter: number, endLine: number, endCharacter: number) {
        this.start = new Position(startLine, startCharacter);
        this.end = new Position(endLine, endCharacter);
    }
}

class Diagnostic {
    source?: string;
    code?: unknown;
    constructor(
        readonly range: Range,
        readonly message: string,
        readonly severity: number,
    ) {}
}

class WorkspaceEdit {
    readonly changes: { uri: URI; text: string }[] = [];
    /** An edit may come with a note about it. */
    set(uri: URI, edits: (TextEdit | [TextEdit, unknown])[]): void {
        this.changes.push(...edits.map((edit) => ({ uri, text: (Array.isArray(edit) ? edit[0] : edit).newText })));
    }
    createFile(): void {}
    renameFile(): void {}
    deleteFile(): void {}
}

class TextEdit {
    constructor(
        readonly range: Range,
        readonly newText: string,
    ) {}
}

class CodeActionKind {
    static readonly Empty = new CodeActionKind("");
    static readonly QuickFix = new CodeActionKind("quickfix");
    constructor(readonly value: string) {}
    append(part: string): CodeActionKind {
        return new CodeActionKind(this.value ? `${this.value}.${part}` : part);
    }
}

/** A document that is open. */
class Document {
    readonly languageId = "python";
    readonly isClosed = false;
    version = 1;
    isDirty = false;
    /** What comes of saving: a person may call it off. */
    saves = true;
    constructor(
        readonly uri: URI,
        private readonly text: string,
    ) {}
    getText(): string {
        return this.text;
    }
    async save(): Promise<boolean> {
        this.isDirty = !this.saves;
        return this.saves;
    }
}

/** What happens in the window, as far as the tests look at it. */
export class Editor {
    readonly settings = new Map<string, unknown>();
    readonly documents: Document[] = [];
    readonly commands = new Map<string, (...args: unknown[]) => unknown>();
    readonly diagnostics = new Map<string, Diagnostic[]>();
    readonly edits: WorkspaceEdit[] = [];
    readonly told: string[] = [];
    readonly executed: string[] = [];
    readonly logged: string[] = [];
    readonly bar = { text: "", tooltip: "", command: "", show: () => undefined, dispose: () => undefined };
    clipboard = "";
    /** The button that is pressed on the next messages. */
    answer: string | undefined;
    interpreter: string | undefined;
    readonly interpreterChanged = new EventEmitter<unknown>();
    private readonly opened = new EventEmitter<Document>();
    private readonly configured = new EventEmitter<{ affectsConfiguration(name: string): boolean }>();
    private readonly happened = new NodeEmitter().setMaxListeners(0);

    constructor(private readonly folder: string) {}

    open(path: string, text: string): Document {
        const document = new Document(URI.file(path), text);
        this.documents.push(document);
        this.opened.fire(document);
        return document;
    }

    configure(name: string, value: unknown): void {
        this.settings.set(name, value);
        const affectsConfiguration = (asked: string) => name === asked || name.startsWith(`${asked}.`);
        this.configured.fire({ affectsConfiguration });
    }

    run(command: string, ...args: unknown[]): Promise<unknown> {
        const action = this.commands.get(command);
        if (!action) {
            throw new Error(`no command ${command}`);
        }
        return Promise.resolve(action(...args));
    }

    /** Waits until something holds; looks again whenever anything has happened. */
    async until(holds: () => boolean): Promise<void> {
        while (!holds()) {
            await new Promise((resolve) => this.happened.once("something", resolve));
        }
    }

    /** Has `require("vscode")` give the stand-in from now on. */
    takePlace(): void {
        const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
        const load = loader._load;
        const standIn = this.module();
        loader._load = (request, ...rest) => (request === "vscode" ? standIn : load.call(loader, request, ...rest));
    }

    private note<T>(list: T[], item: T): void {
        list.push(item);
        this.happened.emit("something");
    }

    private module(): unknown {
        const nothing = () => new Disposable(() => undefined);
        const quiet = new Proxy({}, { get: () => nothing });
        const tell = (text: string, ...buttons: unknown[]) => {
            this.note(this.told, text);
            return Promise.resolve(buttons.find((button) => button === this.answer));
        };
        const log = (text: string) => this.note(this.logged, text);
        const channel = { append: log, appendLine: log, trace: log, debug: log, info: log, warn: log, error: log };
        const bar = new Proxy(this.bar, {
            set: (target, name, value) => {
                Reflect.set(target, name, value);
                this.happened.emit("something");
                return true;
            },
        });
        const collection = {
            set: (uri: URI, found: Diagnostic[]) => {
                this.diagnostics.set(uri.toString(), found);
                this.happened.emit("something");
            },
            delete: (uri: URI) => this.diagnostics.delete(uri.toString()),
            clear: () => this.diagnostics.clear(),
            dispose: () => this.diagnostics.clear(),
        };
        const known: Record<string, unknown> = {
            ...{
                Disposable,
                EventEmitter,
                CancellationTokenSource,
                CodeActionKind,
                Position,
                Range,
                Diagnostic,
                WorkspaceEdit,
                TextEdit,
            },
            Uri: URI,
            version: "1.91.0",
            env: {
                appName: "a stand-in",
                language: "en",
                clipboard: { writeText: async (text: string) => (this.clipboard = text) },
            },
            DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
            LogLevel: { Off: 0, Trace: 1, Debug: 2, Info: 3, Warning: 4, Error: 5 },
            StatusBarAlignment: { Left: 1, Right: 2 },
            extensions: {
                getExtension: (name: string) => (name === "ms-python.python" ? this.python() : undefined),
                onDidChange: nothing,
            },
            commands: {
                registerCommand: (name: string, action: (...args: unknown[]) => unknown) => {
                    if (this.commands.has(name)) {
                        throw new Error(`command ${name} exists already`);
                    }
                    this.commands.set(name, action);
                    return new Disposable(() => this.commands.delete(name));
                },
                executeCommand: async (name: string, ...args: unknown[]) => {
                    this.note(this.executed, name);
                    await this.commands.get(name)?.(...args);
                },
            },
            languages: this.withDefault(nothing, {
                createDiagnosticCollection: () => collection,
                match: (_selector: unknown, document: Document) => (document.languageId === "python" ? 10 : 0),
            }),
            window: this.withDefault(nothing, {
                createOutputChannel: () => ({
                    ...channel,
                    ...{ logLevel: 3, onDidChangeLogLevel: nothing, show: () => log("shown"), dispose: nothing },
                }),
                createStatusBarItem: () => bar,
                showErrorMessage: tell,
                showWarningMessage: tell,
                showInformationMessage: tell,
                withProgress: (_options: unknown, task: (...args: unknown[]) => unknown) =>
                    task({ report: () => undefined }, new CancellationTokenSource().token),
                tabGroups: { all: [], onDidChangeTabs: nothing },
                visibleNotebookEditors: [],
                activeNotebookEditor: undefined,
            }),
            workspace: this.withDefault(nothing, {
                textDocuments: this.documents,
                notebookDocuments: [],
                workspaceFolders: [{ uri: URI.file(this.folder), name: "project", index: 0 }],
                onDidOpenTextDocument: this.opened.event,
                onDidChangeConfiguration: this.configured.event,
                getConfiguration: (section?: string) => this.configuration(section),
                createFileSystemWatcher: () => quiet,
                getWorkspaceFolder: () => undefined,
                applyEdit: async (edit: WorkspaceEdit) => {
                    this.note(this.edits, edit);
                    return true;
                },
            }),
        };
        const editors = () => this.documents.map((document) => ({ document }));
        Object.defineProperty(known["window"], "visibleTextEditors", { get: editors });
        Object.defineProperty(known["window"], "activeTextEditor", { get: () => editors()[0] });
        // Every other class of VS Code's is one that the client only derives from or makes objects of.
        return this.withDefault(class {}, known);
    }

    private python() {
        const chosen = this.interpreter;
        const environments = {
            getActiveEnvironmentPath: () => ({ path: chosen }),
            resolveEnvironment: async () => ({ executable: { uri: chosen ? URI.file(chosen) : undefined } }),
            onDidChangeActiveEnvironmentPath: this.interpreterChanged.event,
        };
        return chosen ? { activate: async () => ({ environments }) } : undefined;
    }

    /** The settings below a section: single ones by `get`, and all of them as properties, as VS Code has it. */
    private configuration(section?: string) {
        const start = section ? `${section}.` : "";
        const get = (name: string, fallback?: unknown) => this.settings.get(start + name) ?? fallback;
        const below = [...this.settings].filter(([name]) => name.startsWith(start));
        return {
            get,
            has: () => true,
            ...Object.fromEntries(below.map(([name, value]) => [name.slice(start.length), value])),
        };
    }

    private withDefault(fallback: unknown, known: object): object {
        return new Proxy(known, {
            get: (target, name) => (Reflect.has(target, name) ? Reflect.get(target, name) : fallback),
        });
    }
}
