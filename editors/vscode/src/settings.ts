/** The settings under `tapelint.`, as far as they concern the client itself, and those that it hands to the server. */

import { homedir } from "node:os";

/** What settings are read from: a part of the interface of VS Code's configurations. */
export interface Configuration {
    get<T>(name: string): T | undefined;
}

/** Settings whose change needs another server; all others the running server is told. */
export const OF_THE_CLIENT = ["tapelint.enable", "tapelint.path", "tapelint.interpreter"];

export const OF_THE_SERVER = [
    "configuration",
    "select",
    "extendSelect",
    "ignore",
    "preview",
    "codeLens",
    "probeTimeout",
] as const;

/** The path under a name, with the home and the workspace's folder where they are meant; empty if none is set. */
export function pathOf(configuration: Configuration, name: string, folder: string | undefined): string {
    const written = configuration.get<string>(name)?.trim() ?? "";
    const home = /^~(?=$|[/\\])/;
    return written.replace(home, homedir()).replaceAll("${workspaceFolder}", folder ?? "");
}

/** What the server is told when it starts; settings that leave the matter to the configuration files are left out. */
export function initializationOptions(configuration: Configuration): Record<string, unknown> {
    const said = OF_THE_SERVER.map((name) => [name, configuration.get<unknown>(name)] as const);
    return Object.fromEntries(said.filter(([, value]) => value !== undefined && value !== null && value !== ""));
}
