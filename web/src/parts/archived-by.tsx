// Which suppression rules match an archived finding. The API does not record which one archived it, so the rules are asked as they are now.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo, useState } from "react";
import { all, CallError, each } from "../api/call";
import type { FindingsFilterListItem } from "../api/macie2.gen";
import { criterionFor } from "../criteria";
import { useDesk } from "../session";
import { count, visible } from "../text/format";
import { fill, t } from "../text";
import { Theirs, To } from "./bits";
import { useResource } from "./resource";
import { writeFilter } from "./rows";

const step = 25; // rules that are asked before somebody asks for more

export function ArchivedBy({ id }: { id: string }) {
  const desk = useDesk();
  const [upTo, setUpTo] = useState(step);
  const matches = useMemo(() => new Map<string, boolean>(), [desk.caller, id]);
  const rules = useResource(async (o) => (await all(desk.caller, "ListFindingsFilters", { maxResults: 25 }, (p) => p.findingsFilterListItems, o)).filter((r) => r.action === "ARCHIVE"), [desk.caller, id]);
  const some = (rules.data ?? []).slice(0, upTo);
  const asked = useResource(
    async (o) => {
      const ask = async (r: FindingsFilterListItem) => {
        const criterion = criterionFor((await desk.caller.call("GetFindingsFilter", { id: r.id! }, o)).findingCriteria?.criterion, id);
        const found = criterion ? (await desk.caller.call("ListFindings", { findingCriteria: { criterion }, maxResults: 1 }, o)).findingIds : [];
        matches.set(r.id!, !!found?.length);
      };
      const wrong = (await each(some.filter((r) => !matches.has(r.id!)), 4, ask)).find((x) => x instanceof CallError && x.status !== 404);
      if (wrong instanceof CallError) throw wrong;
    },
    [desk.caller, id, some.map((r) => r.id).join()],
  );
  const error = rules.error ?? asked.error;
  if (error) return <SpaceBetween size="xxs"><span>{t.archivedBy.whichOneIsNotRecorded}</span><StatusIndicator type="error">{visible(error.message)}</StatusIndicator></SpaceBetween>;
  if (!rules.data || asked.loading) return <StatusIndicator type="loading">{t.archivedBy.askingTheRules}</StatusIndicator>;
  const those = some.filter((r) => matches.get(r.id!));
  const whole = some.length === rules.data.length;
  return (
    <SpaceBetween size="xxs">
      <span>{t.archivedBy.whichOneIsNotRecorded} {those.length ? t.archivedBy.theseMatchItNow : whole ? t.archivedBy.noneMatchesItNow : t.archivedBy.noneOfTheseMatchesIt}</span>
      {those.length > 0 && (
        <ul className="plain">
          {those.map((r) => (
            <li key={r.id}>
              <To href={desk.link("rules") + "?filter=" + encodeURIComponent(writeFilter({ operation: "and", tokens: [{ propertyKey: "name", operator: "=", value: visible(r.name) }] }))}><Theirs text={r.name} /></To>
            </li>
          ))}
        </ul>
      )}
      {!whole && (
        <SpaceBetween direction="horizontal" size="s" alignItems="center">
          <Box variant="small" color="inherit">{fill(t.archivedBy.askedOfAllRules, { asked: count(some.length), all: count(rules.data.length) })}</Box>
          <Button variant="inline-link" onClick={() => setUpTo(upTo + step)}>{fill(t.archivedBy.askNMore, { n: count(Math.min(step, rules.data.length - some.length)) })}</Button>
        </SpaceBetween>
      )}
    </SpaceBetween>
  );
}
