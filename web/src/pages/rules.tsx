// Rules: saved filters, and suppression rules that archive findings as they are made.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useState } from "react";
import { all, CallError, each } from "../api/call";
import type { GetFindingsFilterResponse } from "../api/macie2.gen";
import { Theirs } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { useDesk } from "../session";
import { count, visible } from "../text/format";

interface Rule extends GetFindingsFilterResponse {
  now?: number;
}

const comparators: { [key: string]: string } = { eq: "is", eqExactMatch: "is exactly", neq: "is not", gt: "is more than", gte: "is at least", lt: "is less than", lte: "is at most" };

function said(r: Rule): string {
  return Object.entries(r.findingCriteria?.criterion ?? {})
    .flatMap(([field, c]) => Object.entries(c).map(([op, v]) => field + " " + (comparators[op] ?? op) + " " + (Array.isArray(v) ? v.join(" or ") : v)))
    .map(visible)
    .join(" and ");
}

export function Rules() {
  const desk = useDesk();
  const { act } = useAct();
  const [selected, setSelected] = useState<Rule[]>([]);
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title("Rules"), [desk]);
  const rules = useResource<Rule[]>(
    async (o) => {
      const list = await all(desk.caller, "ListFindingsFilters", { maxResults: 25 }, (p) => p.findingsFilterListItems, o);
      const whole = await each(list, 4, async (l): Promise<Rule> => {
        const r = await desk.caller.call("GetFindingsFilter", { id: l.id! }, o);
        const groups = (await desk.caller.call("GetFindingStatistics", { groupBy: "severity.description", findingCriteria: r.findingCriteria }, o)).countsByGroup ?? [];
        return { ...r, now: groups.reduce((n, g) => n + (g.count ?? 0), 0) };
      });
      return list.map((l, i) => (whole[i] instanceof CallError || !whole[i] ? (l as Rule) : (whole[i] as Rule)));
    },
    [desk.caller],
  );
  const one = selected[0];
  return (
    <>
      <Rows<Rule>
        h1
        name="Rules"
        id="rules"
        description="Suppression rules archive what they match as it is found; filters are questions that are asked again."
        rows={rules}
        rowId={(r) => r.id ?? ""}
        select="single"
        selected={selected}
        onSelect={setSelected}
        selectionName={(r) => visible(r.name)}
        empty={{ title: "No rules", text: "Choose a finding and Suppress like this to make one." }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button
              disabled={!one}
              onClick={() =>
                setQuestion({
                  title: "Delete " + visible(one!.name) + "?",
                  yes: "Delete",
                  body: one!.action === "ARCHIVE" ? "Findings are not archived by it any more. Those that were stay archived." : "The filter is gone; findings are not changed.",
                  act: async () => {
                    if (await act("delete", () => desk.caller.call("DeleteFindingsFilter", { id: one!.id! }), visible(one!.name) + " is deleted.")) {
                      setSelected([]);
                      rules.refresh();
                    }
                  },
                })
              }
            >
              Delete
            </Button>
          </SpaceBetween>
        }
        columns={[
          { id: "name", header: "Name", value: (r) => visible(r.name), cell: (r) => <Theirs text={r.name} />, width: 200 },
          { id: "action", header: "Action", value: (r) => (r.action === "ARCHIVE" ? "Archives" : "Filter"), width: 110 },
          { id: "matches", header: "What it matches", value: said, cell: (r) => <Box variant="span">{said(r)}</Box>, filter: false, width: 340 },
          { id: "now", header: "Findings now", value: (r) => r.now ?? 0, cell: (r) => count(r.now), filter: false, width: 130 },
          { id: "description", header: "Description", value: (r) => visible(r.description), cell: (r) => <Theirs text={r.description} />, filter: false, width: 200 },
        ]}
      />
      <Confirm question={question} close={() => setQuestion(null)} />
    </>
  );
}
