// The status of a job in words.
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { words } from "../text/format";

export const jobWords: { [key: string]: { text: string; type: "success" | "in-progress" | "stopped" | "pending" | "warning" } } = {
  RUNNING: { text: "Running", type: "in-progress" },
  PAUSED: { text: "Paused by the service", type: "warning" },
  CANCELLED: { text: "Cancelled", type: "stopped" },
  COMPLETE: { text: "Complete", type: "success" },
  IDLE: { text: "Waits for its next run", type: "pending" },
  USER_PAUSED: { text: "Paused", type: "stopped" },
};

export function JobState({ status }: { status: string | undefined }) {
  const w = jobWords[status ?? ""];
  return <StatusIndicator type={w?.type ?? "pending"}>{w?.text ?? words(status)}</StatusIndicator>;
}
