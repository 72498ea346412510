// Which jobs use an identifier or a list. Lists of jobs do not tell, so jobs are asked one by one, the newest first and some at a time.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo, useState } from "react";
import { all, CallError, each } from "../api/call";
import type { DescribeClassificationJobResponse } from "../api/macie2.gen";
import { useDesk } from "../session";
import { count, visible } from "../text/format";
import { fill, t } from "../text";
import { Theirs, To } from "./bits";
import { Problem } from "./problem";
import { useResource } from "./resource";

const step = 100; // jobs that are asked before somebody asks for more
const mostListed = 10_000;

export interface AskedJobs {
  jobs: DescribeClassificationJobResponse[]; // those that were asked
  looked: number;
  total: number | undefined; // how many there are
  more: boolean; // there are more than that
  loading: boolean;
  error: CallError | undefined;
  refresh(): void;
  goOn(): void;
}

/** Jobs with what they look for. What a job uses does not change, so none is asked twice. */
export function useJobs(wanted = true): AskedJobs {
  const desk = useDesk();
  const known = useMemo(() => new Map<string, DescribeClassificationJobResponse>(), [desk.caller]);
  const [upTo, setUpTo] = useState(step);
  const list = useResource(
    async (o) => (wanted ? await all(desk.caller, "ListClassificationJobs", { maxResults: 200, sortCriteria: { attributeName: "createdAt", orderBy: "DESC" } }, (p) => p.items?.map((j) => j.jobId ?? ""), { ...o, most: mostListed }) : []),
    [desk.caller, wanted],
  );
  const ids = (list.data ?? []).slice(0, upTo);
  const asked = useResource(
    async (o) => {
      const found = await each(ids.filter((id) => !known.has(id)), 4, async (jobId) => known.set(jobId, await desk.caller.call("DescribeClassificationJob", { jobId }, o)));
      const wrong = found.find((f) => f instanceof CallError && f.status !== 404);
      if (wrong instanceof CallError) throw wrong;
    },
    [desk.caller, ids.join()],
  );
  return {
    jobs: ids.flatMap((id) => known.get(id) ?? []),
    looked: asked.loading || asked.error ? ids.filter((id) => known.has(id)).length : ids.length,
    total: list.data?.length,
    more: (list.data?.length ?? 0) >= mostListed,
    loading: (list.loading && !list.data) || asked.loading,
    error: list.error ?? asked.error,
    refresh: () => (list.error ? list.refresh() : asked.refresh()),
    goOn: () => setUpTo(upTo + step),
  };
}

/** How many jobs were looked at, and the way to go on where those are not all. */
export function Looked({ jobs }: { jobs: AskedJobs }) {
  if (jobs.error) return <Problem error={jobs.error} retry={jobs.refresh} />;
  if (jobs.total === undefined) return <StatusIndicator type="loading">{t.jobUse.lookingAtJobs}</StatusIndicator>;
  const total = count(jobs.total) + (jobs.more ? "+" : "");
  return (
    <SpaceBetween direction="horizontal" size="s" alignItems="center">
      {jobs.loading ? <StatusIndicator type="loading">{fill(t.jobUse.lookedOfTotalJobsLookedAt, { looked: count(jobs.looked), total })}</StatusIndicator> : <Box variant="small">{fill(t.jobUse.lookedOfTotalJobsLookedAt, { looked: count(jobs.looked), total })}</Box>}
      {!jobs.loading && jobs.looked < jobs.total && <Button formAction="none" variant="inline-link" onClick={jobs.goOn}>{fill(t.jobUse.lookAtNMore, { n: count(Math.min(step, jobs.total - jobs.looked)) })}</Button>}
    </SpaceBetween>
  );
}

/** The jobs for which it holds, with links. */
export function UsedBy({ uses }: { uses: (j: DescribeClassificationJobResponse) => boolean }) {
  const desk = useDesk();
  const jobs = useJobs();
  const those = jobs.jobs.filter(uses);
  const shown = 50;
  return (
    <SpaceBetween size="xs">
      {those.length > 0 ? (
        <ul className="plain">
          {those.slice(0, shown).map((j) => (
            <li key={j.jobId}>
              <To href={desk.link("jobs", j.jobId ?? "")}><Theirs text={j.name} /></To>
            </li>
          ))}
          {those.length > shown && <li>{fill(t.jobUse.andNMore, { n: count(those.length - shown) })}</li>}
        </ul>
      ) : (
        !jobs.loading && !jobs.error && <div>{jobs.looked === jobs.total ? t.jobUse.noJobUsesIt : t.jobUse.noneOfThemUsesIt}</div>
      )}
      <Looked jobs={jobs} />
    </SpaceBetween>
  );
}

/** The names of jobs, for a place that has no room for a list. */
export const namesOf = (jobs: DescribeClassificationJobResponse[]) => jobs.slice(0, 20).map((j) => visible(j.name)).join(", ") + (jobs.length > 20 ? " …" : "");
