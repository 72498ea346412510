// Which jobs use an identifier or a list. Lists of jobs do not tell, so each of the newest ones is asked.
import { all, CallError, each, type Caller, type Options } from "../api/call";
import type { DescribeClassificationJobResponse } from "../api/macie2.gen";

/** How many jobs are asked. */
export const mostAsked = 100;

export async function loadJobs(c: Caller, o: Options): Promise<DescribeClassificationJobResponse[]> {
  const list = await all(c, "ListClassificationJobs", { maxResults: mostAsked, sortCriteria: { attributeName: "createdAt", orderBy: "DESC" } }, (p) => p.items, { ...o, most: mostAsked });
  const whole = await each(list.slice(0, mostAsked), 4, (j) => c.call("DescribeClassificationJob", { jobId: j.jobId! }, o));
  return whole.flatMap((j) => (j && !(j instanceof CallError) ? [j] : []));
}
