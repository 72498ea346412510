// Rules: saved filters, and suppression rules that archive findings as they are made.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useEffect, useState } from "react";
import { all, CallError, each } from "../api/call";
import type { FindingsFilterAction, GetFindingsFilterResponse } from "../api/macie2.gen";
import { findingConditions, findingCriterion, findingFields, findingOps, findingWords } from "../criteria";
import { Theirs } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { type Condition, Conditions } from "../parts/criteria";
import { useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { useDesk } from "../session";
import { count, counted, visible } from "../text/format";

interface Rule extends GetFindingsFilterResponse {
  now?: number;
}

const said = (r: Rule) => findingConditions(r.findingCriteria?.criterion).map(findingWords).join(" and ");

export function Rules() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [selected, setSelected] = useState<Rule[]>([]);
  const [question, setQuestion] = useState<Question | null>(null);
  const [editing, setEditing] = useState<Rule | null>(null);
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
  const at = one ? (rules.data ?? []).findIndex((r) => r.id === one.id) : -1;
  const move = async (by: number) => {
    if (await act("move", () => desk.caller.call("UpdateFindingsFilter", { id: one!.id!, position: at + 1 + by }))) rules.refresh();
  };
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
        empty={{ title: "No rules", text: "A rule archives what it matches, or keeps a question to ask again.", action: <Button onClick={() => setEditing({})}>Create rule</Button> }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button iconName="angle-up" ariaLabel="Move up" disabled={at < 1} loading={busy === "move"} onClick={() => void move(-1)} />
            <Button iconName="angle-down" ariaLabel="Move down" disabled={at < 0 || at >= (rules.data?.length ?? 0) - 1} loading={busy === "move"} onClick={() => void move(1)} />
            <Button disabled={!one?.findingCriteria} onClick={() => setEditing(one!)}>Edit</Button>
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
            <Button variant="primary" onClick={() => setEditing({})}>Create rule</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "position", header: "Order", value: (r) => (rules.data ?? []).indexOf(r) + 1, filter: false, width: 110 },
          { id: "name", header: "Name", value: (r) => visible(r.name), cell: (r) => <Theirs text={r.name} />, width: 200 },
          { id: "action", header: "Action", value: (r) => (r.action === "ARCHIVE" ? "Archives" : "Filter"), width: 110 },
          { id: "matches", header: "What it matches", value: said, cell: (r) => <Box variant="span">{said(r)}</Box>, filter: false, width: 340 },
          { id: "now", header: "Findings now", value: (r) => r.now ?? 0, cell: (r) => count(r.now), filter: false, width: 150 },
          { id: "description", header: "Description", value: (r) => visible(r.description), cell: (r) => <Theirs text={r.description} />, filter: false, width: 200 },
        ]}
      />
      <Confirm question={question} close={() => setQuestion(null)} />
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
      ? await act("save", () => desk.caller.call("UpdateFindingsFilter", { id: rule.id!, ...input }), "The rule " + visible(name) + " is changed.")
      : await act("save", () => desk.caller.call("CreateFindingsFilter", { clientToken: crypto.randomUUID(), ...input, description: description || undefined }), "The rule " + visible(name) + " is made.");
    if (ok) done();
  };
  return (
    <Modal
      visible
      size="large"
      header={rule.id ? "Edit rule" : "Create rule"}
      closeAriaLabel="Close"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={close}>Cancel</Button>
            <Button variant="primary" disabled={name.length < 3 || wrong !== ""} loading={busy === "save"} onClick={() => void save()}>{rule.id ? "Save" : "Create"}</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <FormField label="Name" constraintText="3 to 64 characters"><Input value={name} onChange={(e) => setName(e.detail.value)} /></FormField>
        <FormField label={<>Description <i>- optional</i></>}><Input value={description} onChange={(e) => setDescription(e.detail.value)} /></FormField>
        <FormField label="What it does">
          <RadioGroup
            value={action}
            onChange={(e) => setAction(e.detail.value as FindingsFilterAction)}
            items={[
              { value: "ARCHIVE", label: "Archive", description: "What it matches is archived as it is found, and told to nobody. It does not come back when the rule is deleted." },
              { value: "NOOP", label: "Filter", description: "A question that is asked again; findings are not changed." },
            ]}
          />
        </FormField>
        <FormField stretch label="Findings for which all of this holds"><Conditions name="Condition" conditions={rows} onChange={setRows} fields={findingFields} ops={findingOps} free /></FormField>
        <div role="status">
          {wrong ? <Box color="text-body-secondary">{wrong}</Box> : now.error ? <StatusIndicator type="error">{visible(now.error.message)}</StatusIndicator> : now.data === undefined ? <Box color="text-body-secondary">Counting</Box> : <Box>{counted(now.data, "current finding")} like this now.</Box>}
        </div>
      </SpaceBetween>
    </Modal>
  );
}
