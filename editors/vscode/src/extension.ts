/** The extension's beginning and end. */

import { commands, type ExtensionContext, StatusBarAlignment, window, workspace } from "vscode";

import { environments } from "./python";
import { FIX_ALL, PROBE, Session, shown } from "./session";
import { OF_THE_CLIENT } from "./settings";

let session: Session | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
    const log = window.createOutputChannel("tapelint", { log: true });
    const bar = window.createStatusBarItem("tapelint.status", StatusBarAlignment.Right);
    bar.name = "tapelint";
    bar.command = "tapelint.showLog";
    const running = new Session(log, bar);
    session = running;

    const onShown = (command: string) => async () => {
        const uri = shown();
        if (uri) {
            await running.execute(command, { uri: uri.toString() });
        }
    };
    context.subscriptions.push(
        log,
        bar,
        commands.registerCommand("tapelint.restartServer", () => running.restart()),
        commands.registerCommand("tapelint.probeFile", onShown(PROBE)),
        commands.registerCommand("tapelint.fixFile", onShown(FIX_ALL)),
        commands.registerCommand("tapelint.showLog", () => log.show()),
        workspace.onDidChangeConfiguration(async (change) => {
            if (OF_THE_CLIENT.some((setting) => change.affectsConfiguration(setting))) {
                await running.restart();
            }
        }),
    );
    await running.restart();
    const choosing = (await environments())?.onDidChangeActiveEnvironmentPath(() => running.restart());
    if (choosing) {
        context.subscriptions.push(choosing);
    }
}

export async function deactivate(): Promise<void> {
    await session?.stop();
}
