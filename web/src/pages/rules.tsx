// Rules: saved filters, and suppression rules that archive findings as they are made.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { Dialog } from "../parts/dialog";
import { useEffect, useState } from "react";
import { all, CallError, each } from "../api/call";
import type { FindingsFilterAction, GetFindingsFilterResponse } from "../api/macie2.gen";
import { findingConditions, findingCriterion, findingFields, findingOps, findingWords } from "../criteria";
import { Theirs } from "../parts/bits";
import { DeleteOne } from "../parts/delete-one";
import { type Condition, Conditions } from "../parts/criteria";
import { useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { Tags, TagsDialog } from "../parts/tags";
import { useDesk } from "../session";
import { count, counted, visible } from "../text/format";
import { fill, rich, t } from "../text";

interface Rule extends GetFindingsFilterResponse {
  now?: number;
}

const said = (r: Rule) => findingConditions(r.findingCriteria?.criterion).map(findingWords).join(t.common.and);

export function Rules() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [selected, setSelected] = useState<Rule[]>([]);
  const [editing, setEditing] = useState<Rule | null>(null);
  const [tagging, setTagging] = useState<Rule | null>(null);
  useEffect(() => desk.title(t.common.rules), [desk]);
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
  const at = one ? (rules.data ?? []).findIndex((r) => r.id === one.id) : -1;
  const move = async (by: number) => {
    if (await act("move", () => desk.caller.call("UpdateFindingsFilter", { id: one!.id!, position: at + 1 + by }))) rules.refresh();
  };
  return (
    <>
      <Rows<Rule>
        h1
        name={t.common.rules}
        id="rules"
        description={t.rules.suppressionRulesArchiveWhatTheyMatch}
        rows={rules}
        rowId={(r) => r.id ?? ""}
        select="single"
        selected={selected}
        onSelect={setSelected}
        selectionName={(r) => visible(r.name)}
        empty={{ title: t.rules.noRules, text: t.rules.aRuleArchivesWhatItMatches, action: <Button onClick={() => setEditing({})}>{t.common.createRule}</Button> }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="angle-up" ariaLabel={t.rules.moveUp} disabled={at < 1} loading={busy === "move"} onClick={() => void move(-1)} />
            <Button iconName="angle-down" ariaLabel={t.rules.moveDown} disabled={at < 0 || at >= (rules.data?.length ?? 0) - 1} loading={busy === "move"} onClick={() => void move(1)} />
            <Button disabled={!one?.findingCriteria} onClick={() => setEditing(one!)}>{t.common.edit}</Button>
            <Button disabled={!one?.arn} onClick={() => setTagging(one!)}>{t.tags.changeTags}</Button>
            <DeleteOne
              name={one && visible(one.name)}
              body={one?.action === "ARCHIVE" ? t.rules.findingsAreNotArchivedByIt : t.rules.theFilterIsGoneFindingsAre}
              act={() => desk.caller.call("DeleteFindingsFilter", { id: one!.id! })}
              done={() => {
                setSelected([]);
                rules.refresh();
              }}
            />
            <Button variant="primary" onClick={() => setEditing({})}>{t.common.createRule}</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "position", header: t.rules.order, value: (r) => (rules.data ?? []).indexOf(r) + 1, filter: false, width: 110 },
          { id: "name", header: t.common.name, value: (r) => visible(r.name), cell: (r) => <Theirs text={r.name} />, width: 180 },
          { id: "action", header: t.rules.action, value: (r) => (r.action === "ARCHIVE" ? t.common.archives : t.common.filter), width: 110 },
          { id: "matches", header: t.rules.whatItMatches, value: said, cell: (r) => <Box variant="span">{said(r)}</Box>, filter: false, width: 320 },
          { id: "now", header: t.rules.findingsNow, value: (r) => r.now ?? 0, cell: (r) => count(r.now), filter: false, width: 150 },
          { id: "description", header: t.common.description, value: (r) => visible(r.description), cell: (r) => <Theirs text={r.description} />, filter: false, width: 200 },
          { id: "tags", header: t.common.tags, value: (r) => Object.entries(r.tags ?? {}).map(([k, v]) => visible(k) + "=" + visible(v)).join(", ") || "–", cell: (r) => <Tags tags={r.tags} />, filter: false, width: 200, hidden: true },
        ]}
      />
      {tagging && (
        <TagsDialog
          arn={tagging.arn}
          name={visible(tagging.name)}
          tags={(rules.data?.find((r) => r.id === tagging.id) ?? tagging).tags}
          close={() => setTagging(null)}
          refresh={rules.refresh}
        />
      )}
      {editing && (
        <Editor
          rule={editing}
          close={() => setEditing(null)}
          done={() => {
            setEditing(null);
            setSelected([]);
            rules.refresh();
          }}
        />
      )}
    </>
  );
}

/** Makes a rule, or changes one: what it matches counts while one types. */
function Editor({ rule, close, done }: { rule: Rule; close: () => void; done: () => void }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [name, setName] = useState(rule.name ?? "");
  const [description, setDescription] = useState(rule.description ?? "");
  const [action, setAction] = useState<FindingsFilterAction>(rule.action ?? "ARCHIVE");
  const [rows, setRows] = useState<Condition[]>(rule.id ? findingConditions(rule.findingCriteria?.criterion) : [{ field: "type", op: "eq", values: "" }]);
  const { criterion, wrong } = findingCriterion(rows);
  const asked = wrong ? "" : JSON.stringify(criterion);
  const [settled, setSettled] = useState(asked);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(asked), 400);
    return () => clearTimeout(timer);
  }, [asked]);
  const now = useResource<number | undefined>(
    async (o) => {
      if (!settled) return undefined;
      const groups = (await desk.caller.call("GetFindingStatistics", { groupBy: "severity.description", findingCriteria: { criterion: { archived: { eq: ["false"] }, ...JSON.parse(settled) } } }, o)).countsByGroup ?? [];
      return groups.reduce((n, g) => n + (g.count ?? 0), 0);
    },
    [settled],
  );
  const save = async () => {
    const input = { name, action, description, findingCriteria: { criterion } };
    const ok = rule.id
      ? await act("save", () => desk.caller.call("UpdateFindingsFilter", { id: rule.id!, ...input }), fill(t.rules.theRuleNameIsChanged, { name: visible(name) }))
      : await act("save", () => desk.caller.call("CreateFindingsFilter", { clientToken: crypto.randomUUID(), ...input, description: description || undefined }), fill(t.rules.theRuleNameIsMade, { name: visible(name) }));
    if (ok) done();
  };
  return (
    <Dialog
      size="large"
      header={rule.id ? t.rules.editRule : t.common.createRule}
      close={close}
      yes={rule.id ? t.common.save : t.common.create}
      disabled={name.length < 3 || wrong !== ""}
      busy={busy === "save"}
      act={() => void save()}
    >
      <SpaceBetween size="m">
        <FormField label={t.common.name} constraintText={t.common.n3To64Characters}><Input value={name} onChange={(e) => setName(e.detail.value)} /></FormField>
        <FormField label={<>{rich(t.common.descriptionI, { i: <i>{t.common.optional}</i> })}</>}><Input value={description} onChange={(e) => setDescription(e.detail.value)} /></FormField>
        <FormField label={t.rules.whatItDoes}>
          <RadioGroup
            value={action}
            onChange={(e) => setAction(e.detail.value as FindingsFilterAction)}
            items={[
              { value: "ARCHIVE", label: t.common.archive, description: t.rules.whatItMatchesIsArchivedAs },
              { value: "NOOP", label: t.common.filter, description: t.rules.aQuestionThatIsAskedAgain },
            ]}
          />
        </FormField>
        <FormField stretch label={t.rules.findingsForWhichAllOfThis}><Conditions name={t.common.condition} conditions={rows} onChange={setRows} fields={findingFields} ops={findingOps} free /></FormField>
        <div role="status">
          {wrong ? <Box color="text-body-secondary">{wrong}</Box> : now.error ? <StatusIndicator type="error">{visible(now.error.message)}</StatusIndicator> : now.data === undefined ? <Box color="text-body-secondary">{t.rules.counting}</Box> : <Box>{fill(t.common.dataLikeThisNow, { data: counted(now.data, t.common.countCurrentFindings) })}</Box>}
        </div>
      </SpaceBetween>
    </Dialog>
  );
}
