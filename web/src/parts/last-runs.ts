// When jobs ran last. Lists of jobs do not tell, so it is asked for the rows that are shown.
import { useCallback, useMemo, useState } from "react";
import { each } from "../api/call";
import type { JobSummary } from "../api/macie2.gen";
import { useDesk } from "../session";
import { useResource } from "./resource";

export interface LastRuns {
  see(rows: readonly JobSummary[]): void; // these rows are shown
  complete(rows: readonly JobSummary[]): Promise<void>;
  of(job: JobSummary): string | undefined;
}

export function useLastRuns(): LastRuns {
  const desk = useDesk();
  // What is known holds while the job is in the same state.
  const known = useMemo(() => new Map<string, { state: string | undefined; at: string | undefined }>(), [desk.caller]);
  const [shown, setShown] = useState<readonly JobSummary[]>([]);
  const fresh = (j: JobSummary) => known.get(j.jobId ?? "")?.state === j.jobStatus;
  const learn = async (jobs: readonly JobSummary[], background: boolean, signal?: AbortSignal) => {
    await each(jobs.filter((j) => !fresh(j)), 4, async (j) => known.set(j.jobId!, { state: j.jobStatus, at: (await desk.caller.call("DescribeClassificationJob", { jobId: j.jobId! }, { background, signal })).lastRunTime }));
  };
  useResource((o) => learn(shown, !!o.background, o.signal), [desk.caller, shown.map((j) => j.jobId + " " + j.jobStatus).join()]);
  const see = useCallback((rows: readonly JobSummary[]) => setShown(rows), []);
  return { see, complete: (rows) => learn(rows, false), of: (j) => known.get(j.jobId ?? "")?.at };
}
