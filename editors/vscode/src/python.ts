/** What the Python extension has chosen. */

import { type Event, extensions, type Uri } from "vscode";

/** As much of the Python extension's interface as is used here. */
interface PythonExtension {
    environments?: {
        getActiveEnvironmentPath(resource?: Uri): { path: string };
        resolveEnvironment(path: { path: string }): Promise<{ executable: { uri?: Uri } } | undefined>;
        onDidChangeActiveEnvironmentPath: Event<unknown>;
    };
}

type Environments = NonNullable<PythonExtension["environments"]>;

/** The environments that the Python extension knows, if it is installed. */
export async function environments(): Promise<Environments | undefined> {
    const python = await extensions.getExtension<PythonExtension>("ms-python.python")?.activate();
    return python?.environments;
}

/** The interpreter that is chosen for a folder. */
export async function chosenInterpreter(folder: Uri | undefined): Promise<string | undefined> {
    const known = await environments();
    const chosen = await known?.resolveEnvironment(known.getActiveEnvironmentPath(folder));
    return chosen?.executable.uri?.fsPath;
}
