// The status of a job in words.
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { words } from "../text/format";
import { t } from "../text";

export const jobWords: { [key: string]: { text: string; type: "success" | "in-progress" | "stopped" | "pending" | "warning" } } = {
  RUNNING: { text: t.jobState.running, type: "in-progress" },
  PAUSED: { text: t.jobState.pausedByTheService, type: "warning" },
  CANCELLED: { text: t.jobState.cancelled, type: "stopped" },
  COMPLETE: { text: t.jobState.complete, type: "success" },
  IDLE: { text: t.jobState.waitsForItsNextRun, type: "pending" },
  USER_PAUSED: { text: t.jobState.paused, type: "stopped" },
};

export function JobState({ status }: { status: string | undefined }) {
  const w = jobWords[status ?? ""];
  return <StatusIndicator type={w?.type ?? "pending"}>{w?.text ?? words(status)}</StatusIndicator>;
}
