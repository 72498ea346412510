// Create job: which buckets, when, how deep, for what; an estimate stays beside all of it.
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Multiselect from "@cloudscape-design/components/multiselect";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Wizard from "@cloudscape-design/components/wizard";
import { useEffect, useMemo, useRef, useState } from "react";
import { all } from "../api/call";
import type { BucketMetadata, CreateClassificationJobRequest, DayOfWeek, JobScopeTerm, ManagedDataIdentifierSelector, SearchResourcesBucketCriteria } from "../api/macie2.gen";
import { bucketCriteria, jobConditions, jobFields, jobOps } from "../criteria";
import { Theirs } from "../parts/bits";
import { type Condition, Conditions, valuesOf } from "../parts/criteria";
import { Problem, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { readTags, TagsField } from "../parts/tags";
import { navigate, setGuard, useRoute } from "../route";
import { useDesk } from "../session";
import { bytes, count, counted, visible, words } from "../text/format";
import { Public, publicWords, useBuckets } from "./buckets";

interface Draft {
  buckets: Array<[string, string]>;
  by: "choice" | "criteria";
  includes: Condition[]; // of buckets by criteria
  excludes: Condition[];
  schedule: "once" | "daily" | "weekly" | "monthly";
  day: DayOfWeek;
  date: number;
  initial: boolean;
  depth: string;
  prefixes: string;
  extensions: string;
  skipped: string; // extensions
  selector: ManagedDataIdentifierSelector;
  managed: string[];
  custom: string[];
  lists: string[];
  name: string;
  description: string;
  tags: string;
}

const empty: Draft = { buckets: [], by: "choice", includes: [], excludes: [], schedule: "once", day: "MONDAY", date: 1, initial: true, depth: "100", prefixes: "", extensions: "", skipped: "", selector: "RECOMMENDED", managed: [], custom: [], lists: [], name: "", description: "", tags: "" };
const kept = "magpie.job-draft";

const days: DayOfWeek[] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
const split = (text: string) => text.split(/[\n,]/).map((x) => x.trim()).filter(Boolean);

function begin(): Draft {
  try {
    const draft = { ...empty, ...JSON.parse(sessionStorage.getItem(kept) ?? "{}") } as Draft;
    const chosen = JSON.parse(sessionStorage.getItem("magpie.job-buckets") ?? "null");
    sessionStorage.removeItem("magpie.job-buckets");
    if (Array.isArray(chosen)) draft.buckets = chosen.filter((c) => Array.isArray(c) && c.length === 2).map((c) => [String(c[0]), String(c[1])]);
    return draft;
  } catch {
    return empty;
  }
}

/** The call that a draft comes to. */
export function request(d: Draft): CreateClassificationJobRequest {
  const by = new Map<string, string[]>();
  for (const [account, bucket] of d.buckets) by.set(account, [...(by.get(account) ?? []), bucket]);
  const includes: JobScopeTerm[] = [];
  const excludes: JobScopeTerm[] = [];
  if (split(d.prefixes).length) includes.push({ simpleScopeTerm: { key: "OBJECT_KEY", comparator: "STARTS_WITH", values: split(d.prefixes) } });
  if (split(d.extensions).length) includes.push({ simpleScopeTerm: { key: "OBJECT_EXTENSION", comparator: "EQ", values: split(d.extensions) } });
  if (split(d.skipped).length) excludes.push({ simpleScopeTerm: { key: "OBJECT_EXTENSION", comparator: "EQ", values: split(d.skipped) } });
  return {
    clientToken: crypto.randomUUID(),
    name: d.name,
    ...(d.description ? { description: d.description } : {}),
    jobType: d.schedule === "once" ? "ONE_TIME" : "SCHEDULED",
    ...(d.schedule === "once" ? {} : { initialRun: d.initial, scheduleFrequency: d.schedule === "daily" ? { dailySchedule: {} } : d.schedule === "weekly" ? { weeklySchedule: { dayOfWeek: d.day } } : { monthlySchedule: { dayOfMonth: d.date } } }),
    samplingPercentage: Number(d.depth) || 100,
    managedDataIdentifierSelector: d.selector,
    ...(d.selector === "INCLUDE" || d.selector === "EXCLUDE" ? { managedDataIdentifierIds: d.managed } : {}),
    ...(d.custom.length ? { customDataIdentifierIds: d.custom } : {}),
    ...(d.lists.length ? { allowListIds: d.lists } : {}),
    s3JobDefinition: {
      ...(d.by === "criteria" ? { bucketCriteria: bucketCriteria(d.includes, d.excludes) } : { bucketDefinitions: [...by].map(([accountId, buckets]) => ({ accountId, buckets })) }),
      ...(includes.length || excludes.length ? { scoping: { ...(includes.length ? { includes: { and: includes } } : {}), ...(excludes.length ? { excludes: { and: excludes } } : {}) } } : {}),
    },
    ...(d.tags.trim() ? { tags: readTags(d.tags) } : {}),
  };
}

export function CreateJob() {
  const desk = useDesk();
  const route = useRoute();
  const { act, busy } = useAct();
  const [d, setDraft] = useState(begin);
  const [step, setStep] = useState(0);
  const [fault, setFault] = useState("");
  const made = useRef(false);
  const set = (change: Partial<Draft>) => setDraft((old) => ({ ...old, ...change }));
  useEffect(() => desk.title("Create job"), [desk]);
  useEffect(() => {
    sessionStorage.setItem(kept, JSON.stringify(d));
    const touched = JSON.stringify(d) !== JSON.stringify(empty);
    setGuard(touched ? () => made.current || confirm("The draft stays in this tab until you come back. Leave?") : null);
    return () => setGuard(null);
  }, [d]);
  const from = route.query.get("from");
  useEffect(() => {
    if (!from) return;
    desk.caller.call("DescribeClassificationJob", { jobId: from }).then(
      (j) => {
        const scope = j.s3JobDefinition?.scoping;
        const values = (block: JobScopeTerm[] | undefined, key: string) => (block ?? []).flatMap((t) => (t.simpleScopeTerm?.key === key ? (t.simpleScopeTerm.values ?? []) : [])).join("\n");
        const f = j.scheduleFrequency;
        setDraft({
          ...empty,
          name: (j.name ?? "") + " copy",
          description: j.description ?? "",
          buckets: (j.s3JobDefinition?.bucketDefinitions ?? []).flatMap((b) => b.buckets.map((n): [string, string] => [b.accountId, n])),
          by: j.s3JobDefinition?.bucketCriteria ? "criteria" : "choice",
          includes: jobConditions(j.s3JobDefinition?.bucketCriteria?.includes),
          excludes: jobConditions(j.s3JobDefinition?.bucketCriteria?.excludes),
          schedule: j.jobType !== "SCHEDULED" ? "once" : f?.weeklySchedule ? "weekly" : f?.monthlySchedule ? "monthly" : "daily",
          day: f?.weeklySchedule?.dayOfWeek ?? "MONDAY",
          date: f?.monthlySchedule?.dayOfMonth ?? 1,
          initial: j.initialRun ?? true,
          depth: String(j.samplingPercentage ?? 100),
          prefixes: values(scope?.includes?.and, "OBJECT_KEY"),
          extensions: values(scope?.includes?.and, "OBJECT_EXTENSION"),
          skipped: values(scope?.excludes?.and, "OBJECT_EXTENSION"),
          selector: j.managedDataIdentifierSelector ?? "RECOMMENDED",
          managed: j.managedDataIdentifierIds ?? [],
          custom: j.customDataIdentifierIds ?? [],
          lists: j.allowListIds ?? [],
        });
        const own = new Set(["OBJECT_KEY", "OBJECT_EXTENSION"]);
        const more = [...(scope?.includes?.and ?? []), ...(scope?.excludes?.and ?? [])].some((t) => !own.has(t.simpleScopeTerm?.key ?? ""));
        if (more) desk.flash({ type: "warning", content: "The job has conditions on tags, sizes or dates that this form does not have; they are left out of the copy." });
      },
      (e: Error) => desk.flash({ type: "error", content: visible(e.message) }),
    );
  }, [from, desk.caller]);
  const buckets = useBuckets();
  const managed = useResource((o) => all(desk.caller, "ListManagedDataIdentifiers", {}, (p) => p.items, o), [desk.caller]);
  const custom = useResource((o) => all(desk.caller, "ListCustomDataIdentifiers", { maxResults: 25 }, (p) => p.items, o), [desk.caller]);
  const lists = useResource((o) => all(desk.caller, "ListAllowLists", { maxResults: 25 }, (p) => p.allowLists, o), [desk.caller]);
  const chosen = useMemo(() => {
    const ids = new Set(d.buckets.map((b) => b.join("/")));
    return (buckets.data ?? []).filter((b) => ids.has(b.accountId + "/" + b.bucketName));
  }, [buckets.data, d.buckets]);
  const criteria = useMemo(() => bucketCriteria(d.includes, d.excludes), [d.includes, d.excludes]);
  const asked = d.by === "criteria" && criteria ? JSON.stringify(criteria) : "";
  const [settled, setSettled] = useState(asked);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(asked), 400);
    return () => clearTimeout(timer);
  }, [asked]);
  // Jobs and SearchResources know the same criteria, so the preview is the server's own.
  const preview = useResource<BucketMetadata[] | undefined>(
    async (o) => {
      if (!settled) return undefined;
      const wanted = JSON.parse(settled) as SearchResourcesBucketCriteria;
      return (await all(desk.caller, "SearchResources", { bucketCriteria: wanted, maxResults: 50 }, (p) => p.matchingResources, { ...o, most: 1000 })).map((m) => (m.matchingBucket ?? {}) as BucketMetadata);
    },
    [desk.caller, settled],
  );
  const meant = d.by === "criteria" ? (preview.data ?? []) : chosen;
  const objects = meant.reduce((n, b) => n + (b.classifiableObjectCount ?? 0), 0);
  const size = meant.reduce((n, b) => n + (b.classifiableSizeInBytes ?? 0), 0);
  const depth = Number(d.depth) || 100;
  const estimate = d.by === "criteria" && preview.data === undefined ? (
    <Box>The buckets are found by criteria when a run begins.</Box>
  ) : (
    <Box>
      Estimate: {d.by === "criteria" ? counted(meant.length, "bucket") + " now" : counted(d.buckets.length, "bucket")}, {count(objects)} objects and {bytes(size)} that can be analysed{depth < 100 ? ", of which about " + depth + " %" : ""}.
    </Box>
  );
  const check = (at: number): string => {
    if (at > 0 && d.by === "choice" && !d.buckets.length) return "Choose at least one bucket.";
    if (at > 0 && d.by === "criteria" && !criteria) return "Give at least one condition with a value.";
    if (at > 0 && d.by === "criteria" && [...d.includes, ...d.excludes].some((c) => !valuesOf(c).length)) return "Every condition needs a value.";
    if (at > 1 && !(depth >= 1 && depth <= 100)) return "The depth is from 1 to 100 %.";
    if (at > 2 && (d.selector === "INCLUDE" || d.selector === "EXCLUDE") && !d.managed.length) return "Choose managed identifiers, or another kind of choice.";
    if (at > 2 && d.selector === "NONE" && !d.custom.length && at > 3) return "With no managed identifiers, choose a custom one: otherwise there is nothing to look for.";
    if (at > 5 && !d.name.trim()) return "The job needs a name.";
    return "";
  };
  const go = (to: number) => {
    for (let at = 0; at <= to; at++) {
      const wrong = check(at);
      if (wrong) {
        setFault(wrong);
        setStep(Math.max(0, at - 1));
        return;
      }
    }
    setFault("");
    setStep(to);
  };
  const create = async () => {
    const wrong = check(6);
    if (wrong) return setFault(wrong);
    let id = "";
    const ok = await act("create", async () => {
      id = (await desk.caller.call("CreateClassificationJob", request(d))).jobId ?? "";
    }, "The job is created.");
    if (ok) {
      made.current = true;
      sessionStorage.removeItem(kept);
      navigate(desk.link("jobs", id));
    }
  };
  const said = (c: Condition[]) => c.map((x) => (jobFields.find((f) => f.value === x.field)?.label ?? x.field) + " " + (jobOps.find((o) => o.value === x.op)?.label ?? x.op) + " " + valuesOf(x).map(visible).join(" or ")).join(", and ") || "every bucket";
  const chips = (list: string[]) => (list.length ? list.map(visible).join(", ") : "None");
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description={estimate}>Create job</Header>
      <Wizard
        activeStepIndex={step}
        isLoadingNextStep={busy === "create"}
        allowSkipTo
        onNavigate={(e) => go(e.detail.requestedStepIndex)}
        onCancel={() => {
          sessionStorage.removeItem(kept);
          made.current = true;
          navigate(desk.link("jobs"));
        }}
        onSubmit={() => void create()}
        i18nStrings={{ stepNumberLabel: (n) => "Step " + n, collapsedStepsLabel: (n, every) => "Step " + n + " of " + every, cancelButton: "Cancel", previousButton: "Previous", nextButton: "Next", submitButton: "Create", optional: "optional", navigationAriaLabel: "Steps", skipToButtonLabel: (s) => "Skip to " + s.title }}
        steps={[
          {
            title: "Buckets",
            errorText: fault,
            content: (
              <SpaceBetween size="m">
              <SegmentedControl
                label="Buckets"
                selectedId={d.by}
                onChange={(e) => {
                  setFault("");
                  set({ by: e.detail.selectedId as Draft["by"], ...(d.includes.length || d.excludes.length ? {} : { includes: [{ field: "S3_BUCKET_EFFECTIVE_PERMISSION", op: "EQ", values: "PUBLIC" }] }) });
                }}
                options={[
                  { id: "choice", text: "Choose buckets" },
                  { id: "criteria", text: "By criteria" },
                ]}
              />
              {d.by === "criteria" ? (
                <SpaceBetween size="m">
                  <Container header={<Header variant="h2" description="Each run looks for them anew, so buckets that come later are found too.">Buckets for which all of this holds</Header>}>
                    <Conditions name="Condition" conditions={d.includes} onChange={(includes) => set({ includes })} fields={jobFields} ops={jobOps} />
                  </Container>
                  <Container header={<Header variant="h2">But not those for which all of this holds</Header>}>
                    <Conditions name="Exception" conditions={d.excludes} onChange={(excludes) => set({ excludes })} fields={jobFields} ops={jobOps} />
                  </Container>
                  {asked && (
                    <Rows<BucketMetadata>
                      name="Buckets that match now"
                      id="job-preview"
                      query="preview"
                      rows={{ ...preview, data: preview.data ?? (preview.error ? undefined : []) }}
                      rowId={(b) => b.accountId + "/" + b.bucketName}
                      note={(preview.data?.length ?? 0) >= 1000 ? "the first 1,000" : ""}
                      empty={{ title: "No bucket matches now", text: "A run finds those that match when it begins." }}
                      columns={[
                        { id: "bucket", header: "Bucket", value: (b) => visible(b.bucketName), cell: (b) => <Theirs text={b.bucketName} />, width: 220 },
                        { id: "account", header: "Account", value: (b) => b.accountId ?? "", width: 140 },
                        { id: "objects", header: "Can be analysed", value: (b) => b.classifiableObjectCount ?? 0, cell: (b) => count(b.classifiableObjectCount), filter: false, width: 140 },
                      ]}
                    />
                  )}
                </SpaceBetween>
              ) : (
              <Rows<BucketMetadata>
                name="Buckets to look into"
                id="job-buckets"
                rows={buckets}
                rowId={(b) => b.accountId + "/" + b.bucketName}
                select="multi"
                selected={chosen}
                onSelect={(l) => {
                  setFault("");
                  set({ buckets: l.map((b) => [b.accountId!, b.bucketName!]) });
                }}
                selectionName={(b) => visible(b.bucketName)}
                empty={{ title: "No buckets", text: "Buckets are those of the object stores that the operator has connected." }}
                columns={[
                  { id: "bucket", header: "Bucket", value: (b) => visible(b.bucketName), cell: (b) => <Theirs text={b.bucketName} />, width: 220 },
                  { id: "account", header: "Account", value: (b) => b.accountId ?? "", width: 140 },
                  { id: "objects", header: "Can be analysed", value: (b) => b.classifiableObjectCount ?? 0, cell: (b) => count(b.classifiableObjectCount), filter: false, width: 140 },
                  { id: "public", header: "Public", value: (b) => publicWords[b.publicAccess?.effectivePermission ?? ""] ?? "Unknown", cell: (b) => <Public value={b.publicAccess?.effectivePermission} />, width: 130 },
                ]}
              />
              )}
              </SpaceBetween>
            ),
          },
          {
            title: "Schedule and depth",
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <SpaceBetween size="m">
                  <FormField label="When">
                    <RadioGroup
                      value={d.schedule}
                      onChange={(e) => set({ schedule: e.detail.value as Draft["schedule"] })}
                      items={[
                        { value: "once", label: "Once, now" },
                        { value: "daily", label: "Every day" },
                        { value: "weekly", label: "Every week" },
                        { value: "monthly", label: "Every month" },
                      ]}
                    />
                  </FormField>
                  {d.schedule === "weekly" && <FormField label="Day of the week"><Select selectedOption={{ value: d.day, label: words(d.day) }} options={days.map((x) => ({ value: x, label: words(x) }))} onChange={(e) => set({ day: e.detail.selectedOption.value as DayOfWeek })} /></FormField>}
                  {d.schedule === "monthly" && <FormField label="Day of the month"><Select selectedOption={{ value: String(d.date), label: String(d.date) }} options={Array.from({ length: 31 }, (_, i) => ({ value: String(i + 1), label: String(i + 1) }))} onChange={(e) => set({ date: Number(e.detail.selectedOption.value) })} /></FormField>}
                  {d.schedule !== "once" && <Checkbox checked={d.initial} onChange={(e) => set({ initial: e.detail.checked })} description="Without it, the first run looks at what has changed since the job was made.">Look at what is there at once</Checkbox>}
                  <FormField label="Depth" description="How many of the objects are looked at, in per cent."><Input type="number" value={d.depth} onChange={(e) => set({ depth: e.detail.value })} /></FormField>
                  <ColumnLayout columns={3}>
                    <FormField label={<>Only keys that begin with <i>- optional</i></>} description="One a line"><Textarea rows={3} value={d.prefixes} onChange={(e) => set({ prefixes: e.detail.value })} spellcheck={false} /></FormField>
                    <FormField label={<>Only extensions <i>- optional</i></>} description="Such as csv, one a line"><Textarea rows={3} value={d.extensions} onChange={(e) => set({ extensions: e.detail.value })} spellcheck={false} /></FormField>
                    <FormField label={<>Not these extensions <i>- optional</i></>} description="One a line"><Textarea rows={3} value={d.skipped} onChange={(e) => set({ skipped: e.detail.value })} spellcheck={false} /></FormField>
                  </ColumnLayout>
                </SpaceBetween>
              </Container>
            ),
          },
          {
            title: "Managed data identifiers",
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <SpaceBetween size="m">
                  {managed.error && <Problem error={managed.error} retry={managed.refresh} />}
                  <FormField label="What to look for">
                    <RadioGroup
                      value={d.selector}
                      onChange={(e) => set({ selector: e.detail.value as ManagedDataIdentifierSelector })}
                      items={[
                        { value: "RECOMMENDED", label: "Recommended", description: "Those that are right most of the time." },
                        { value: "ALL", label: "All", description: managed.data ? "All " + managed.data.length + "." : undefined },
                        { value: "INCLUDE", label: "These" },
                        { value: "EXCLUDE", label: "All but these" },
                        { value: "NONE", label: "None", description: "Custom data identifiers alone." },
                      ]}
                    />
                  </FormField>
                  {(d.selector === "INCLUDE" || d.selector === "EXCLUDE") && (
                    <FormField label="Identifiers">
                      <Multiselect
                        selectedOptions={d.managed.map((m) => ({ value: m, label: words(m) }))}
                        options={(managed.data ?? []).map((m) => ({ value: m.id, label: words(m.id), description: words(m.category) }))}
                        filteringType="auto"
                        onChange={(e) => set({ managed: e.detail.selectedOptions.map((x) => x.value!) })}
                        placeholder="Choose identifiers"
                        selectedAriaLabel="Chosen"
                        deselectAriaLabel={(x) => "Leave out " + x.label}
                        tokenLimit={10}
                        virtualScroll
                      />
                    </FormField>
                  )}
                </SpaceBetween>
              </Container>
            ),
          },
          {
            title: "Custom data identifiers",
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <FormField label="Custom data identifiers" constraintText={d.custom.length + " of 30"}>
                  <Multiselect
                    selectedOptions={d.custom.map((id) => ({ value: id, label: visible(custom.data?.find((c) => c.id === id)?.name) || id }))}
                    options={(custom.data ?? []).map((c) => ({ value: c.id, label: visible(c.name), description: visible(c.description) }))}
                    filteringType="auto"
                    onChange={(e) => set({ custom: e.detail.selectedOptions.map((x) => x.value!) })}
                    placeholder="Choose identifiers"
                    empty="There are none."
                    selectedAriaLabel="Chosen"
                    deselectAriaLabel={(x) => "Leave out " + x.label}
                  />
                </FormField>
              </Container>
            ),
          },
          {
            title: "Allow lists",
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <FormField label="Allow lists" constraintText={d.lists.length + " of 10"}>
                  <Multiselect
                    selectedOptions={d.lists.map((id) => ({ value: id, label: visible(lists.data?.find((c) => c.id === id)?.name) || id }))}
                    options={(lists.data ?? []).map((c) => ({ value: c.id, label: visible(c.name), description: visible(c.description) }))}
                    filteringType="auto"
                    onChange={(e) => set({ lists: e.detail.selectedOptions.map((x) => x.value!) })}
                    placeholder="Choose allow lists"
                    empty="There are none."
                    selectedAriaLabel="Chosen"
                    deselectAriaLabel={(x) => "Leave out " + x.label}
                  />
                </FormField>
              </Container>
            ),
          },
          {
            title: "Name",
            errorText: fault,
            content: (
              <Container>
                <SpaceBetween size="m">
                  <FormField label="Name" constraintText="At most 500 characters. It cannot be changed."><Input value={d.name} onChange={(e) => set({ name: e.detail.value })} /></FormField>
                  <FormField label={<>Description <i>- optional</i></>}><Input value={d.description} onChange={(e) => set({ description: e.detail.value })} /></FormField>
                  <TagsField value={d.tags} onChange={(tags) => set({ tags })} />
                </SpaceBetween>
              </Container>
            ),
          },
          {
            title: "Review",
            errorText: fault,
            content: (
              <Container>
                <KeyValuePairs
                  columns={2}
                  items={[
                    { label: "Name", value: <Theirs text={d.name} /> },
                    { label: "Buckets", value: d.by === "criteria" ? "By criteria: " + said(d.includes) + (d.excludes.length ? "; not " + said(d.excludes) : "") : chips(d.buckets.map((b) => b.join("/"))) },
                    { label: "When", value: { once: "Once, now", daily: "Every day", weekly: "Every week, on " + words(d.day), monthly: "Every month, on day " + d.date }[d.schedule] },
                    { label: "Depth", value: depth + " % of the objects" },
                    { label: "Only keys that begin with", value: chips(split(d.prefixes)) },
                    { label: "Extensions", value: (split(d.extensions).length ? "only " + chips(split(d.extensions)) : "all") + (split(d.skipped).length ? ", not " + chips(split(d.skipped)) : "") },
                    { label: "Managed data identifiers", value: words(d.selector) + (d.selector === "INCLUDE" || d.selector === "EXCLUDE" ? ": " + chips(d.managed) : "") },
                    { label: "Custom data identifiers", value: chips(d.custom.map((id) => custom.data?.find((c) => c.id === id)?.name ?? id)) },
                    { label: "Allow lists", value: chips(d.lists.map((id) => lists.data?.find((c) => c.id === id)?.name ?? id)) },
                    { label: "Description", value: <Theirs text={d.description} /> },
                  ]}
                />
              </Container>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}
