/** What the status bar says of the server. */

export type State = "starting" | "running" | "stopped" | "error";

/** An entry of the status bar. */
export interface Entry {
    text: string;
    tooltip: string;
    /** Whether it stands out as an error does. */
    alarming: boolean;
}

const ENTRIES: Record<State, Entry> = {
    starting: { text: "$(sync~spin) tapelint", tooltip: "tapelint is starting", alarming: false },
    running: { text: "$(check) tapelint", tooltip: "tapelint is running", alarming: false },
    stopped: { text: "$(circle-slash) tapelint", tooltip: "tapelint is stopped", alarming: false },
    error: { text: "$(error) tapelint", tooltip: "tapelint could not be started", alarming: true },
};

/** The entry for a state; the detail, say what went wrong or which program runs, stands in the tooltip. */
export function entryFor(state: State, detail = ""): Entry {
    const entry = ENTRIES[state];
    const told = detail ? `${entry.tooltip}: ${detail}` : entry.tooltip;
    return { ...entry, tooltip: `${told}\nClick for the log.` };
}
