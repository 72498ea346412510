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
import { TagsField } from "../parts/tags";
import { navigate, setGuard, useRoute } from "../route";
import { useDesk } from "../session";
import { readTags } from "../tags";
import { bytes, count, counted, visible, words } from "../text/format";
import { Public, publicWords, useBuckets } from "./buckets";
import { fill, rich, t } from "../text";

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
  useEffect(() => desk.title(t.common.createJob), [desk]);
  useEffect(() => {
    sessionStorage.setItem(kept, JSON.stringify(d));
    const touched = JSON.stringify(d) !== JSON.stringify(empty);
    setGuard(touched ? () => made.current || confirm(t.createJob.theDraftStaysInThisTab) : null);
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
          name: fill(t.common.nameCopy, { name: (j.name ?? "") }),
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
        if (more) desk.flash({ type: "warning", content: t.createJob.theJobHasConditionsOnTags });
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
    <Box>{t.createJob.theBucketsAreFoundByCriteria}</Box>
  ) : (
    <Box>{fill(t.createJob.estimateByObjectsObjectsAndSize, { by: d.by === "criteria" ? fill(t.createJob.meantNow, { meant: counted(meant.length, t.common.countBuckets) }) : counted(d.buckets.length, t.common.countBuckets), objects: count(objects), size: bytes(size), depth: depth < 100 ? fill(t.createJob.ofWhichAboutDepth, { depth }) : "" })}</Box>
  );
  const check = (at: number): string => {
    if (at > 0 && d.by === "choice" && !d.buckets.length) return t.createJob.chooseAtLeastOneBucket;
    if (at > 0 && d.by === "criteria" && !criteria) return t.createJob.giveAtLeastOneConditionWith;
    if (at > 0 && d.by === "criteria" && [...d.includes, ...d.excludes].some((c) => !valuesOf(c).length)) return t.createJob.everyConditionNeedsAValue;
    if (at > 1 && !(depth >= 1 && depth <= 100)) return t.createJob.theDepthIsFrom1To;
    if (at > 2 && (d.selector === "INCLUDE" || d.selector === "EXCLUDE") && !d.managed.length) return t.createJob.chooseManagedIdentifiersOrAnotherKind;
    if (at > 2 && d.selector === "NONE" && !d.custom.length && at > 3) return t.createJob.withNoManagedIdentifiersChooseA;
    if (at > 5 && !d.name.trim()) return t.createJob.theJobNeedsAName;
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
    }, t.createJob.theJobIsCreated);
    if (ok) {
      made.current = true;
      sessionStorage.removeItem(kept);
      navigate(desk.link("jobs", id));
    }
  };
  const said = (c: Condition[]) => c.map((x) => (jobFields.find((f) => f.value === x.field)?.label ?? x.field) + " " + (jobOps.find((o) => o.value === x.op)?.label ?? x.op) + " " + valuesOf(x).map(visible).join(t.common.or)).join(t.createJob.and) || t.createJob.everyBucket;
  const chips = (list: string[]) => (list.length ? list.map(visible).join(", ") : t.common.none);
  return (
    <SpaceBetween size="m">
      <Header variant="h1" description={estimate}>{t.common.createJob}</Header>
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
        i18nStrings={{ stepNumberLabel: (n) => fill(t.common.stepN, { n }), collapsedStepsLabel: (n, every) => fill(t.createJob.stepNOfEvery, { n, every }), cancelButton: t.common.cancel, previousButton: t.common.previous, nextButton: t.common.next, submitButton: t.common.create, optional: t.common.optionalStep, navigationAriaLabel: t.common.steps, skipToButtonLabel: (s) => fill(t.createJob.skipToTitle, { title: s.title }) }}
        steps={[
          {
            title: t.common.buckets,
            errorText: fault,
            content: (
              <SpaceBetween size="m">
              <SegmentedControl
                label={t.common.buckets}
                selectedId={d.by}
                onChange={(e) => {
                  setFault("");
                  set({ by: e.detail.selectedId as Draft["by"], ...(d.includes.length || d.excludes.length ? {} : { includes: [{ field: "S3_BUCKET_EFFECTIVE_PERMISSION", op: "EQ", values: "PUBLIC" }] }) });
                }}
                options={[
                  { id: "choice", text: t.createJob.chooseBuckets },
                  { id: "criteria", text: t.common.byCriteria },
                ]}
              />
              {d.by === "criteria" ? (
                <SpaceBetween size="m">
                  <Container header={<Header variant="h2" description={t.createJob.eachRunLooksForThemAnew}>{t.createJob.bucketsForWhichAllOfThis}</Header>}>
                    <Conditions name={t.common.condition} conditions={d.includes} onChange={(includes) => set({ includes })} fields={jobFields} ops={jobOps} />
                  </Container>
                  <Container header={<Header variant="h2">{t.createJob.butNotThoseForWhichAll}</Header>}>
                    <Conditions name={t.createJob.exception} conditions={d.excludes} onChange={(excludes) => set({ excludes })} fields={jobFields} ops={jobOps} />
                  </Container>
                  {asked && (
                    <Rows<BucketMetadata>
                      name={t.createJob.bucketsThatMatchNow}
                      id="job-preview"
                      query="preview"
                      rows={{ ...preview, data: preview.data ?? (preview.error ? undefined : []) }}
                      rowId={(b) => b.accountId + "/" + b.bucketName}
                      note={(preview.data?.length ?? 0) >= 1000 ? t.createJob.theFirst1000 : ""}
                      empty={{ title: t.createJob.noBucketMatchesNow, text: t.createJob.aRunFindsThoseThatMatch }}
                      columns={[
                        { id: "bucket", header: t.common.bucket, value: (b) => visible(b.bucketName), cell: (b) => <Theirs text={b.bucketName} />, width: 200 },
                        { id: "account", header: t.common.account, value: (b) => b.accountId ?? "", width: 140 },
                        { id: "objects", header: t.common.canBeAnalysed, value: (b) => b.classifiableObjectCount ?? 0, cell: (b) => count(b.classifiableObjectCount), filter: false, width: 165 },
                      ]}
                    />
                  )}
                </SpaceBetween>
              ) : (
              <Rows<BucketMetadata>
                name={t.createJob.bucketsToLookInto}
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
                empty={{ title: t.common.noBuckets, text: t.common.bucketsAreThoseOfTheObject }}
                columns={[
                  { id: "bucket", header: t.common.bucket, value: (b) => visible(b.bucketName), cell: (b) => <Theirs text={b.bucketName} />, width: 200 },
                  { id: "account", header: t.common.account, value: (b) => b.accountId ?? "", width: 140 },
                  { id: "objects", header: t.common.canBeAnalysed, value: (b) => b.classifiableObjectCount ?? 0, cell: (b) => count(b.classifiableObjectCount), filter: false, width: 165 },
                  { id: "public", header: t.common.public, value: (b) => publicWords[b.publicAccess?.effectivePermission ?? ""] ?? t.common.unknown, cell: (b) => <Public value={b.publicAccess?.effectivePermission} />, width: 130 },
                ]}
              />
              )}
              </SpaceBetween>
            ),
          },
          {
            title: t.createJob.scheduleAndDepth,
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <SpaceBetween size="m">
                  <FormField label={t.common.when}>
                    <RadioGroup
                      value={d.schedule}
                      onChange={(e) => set({ schedule: e.detail.value as Draft["schedule"] })}
                      items={[
                        { value: "once", label: t.createJob.onceNow },
                        { value: "daily", label: t.createJob.everyDay },
                        { value: "weekly", label: t.createJob.everyWeek },
                        { value: "monthly", label: t.createJob.everyMonth },
                      ]}
                    />
                  </FormField>
                  {d.schedule === "weekly" && <FormField label={t.createJob.dayOfTheWeek}><Select selectedOption={{ value: d.day, label: words(d.day) }} options={days.map((x) => ({ value: x, label: words(x) }))} onChange={(e) => set({ day: e.detail.selectedOption.value as DayOfWeek })} /></FormField>}
                  {d.schedule === "monthly" && <FormField label={t.createJob.dayOfTheMonth}><Select selectedOption={{ value: String(d.date), label: String(d.date) }} options={Array.from({ length: 31 }, (_, i) => ({ value: String(i + 1), label: String(i + 1) }))} onChange={(e) => set({ date: Number(e.detail.selectedOption.value) })} /></FormField>}
                  {d.schedule !== "once" && <Checkbox checked={d.initial} onChange={(e) => set({ initial: e.detail.checked })} description={t.createJob.withoutItTheFirstRunLooks}>{t.createJob.lookAtWhatIsThereAt}</Checkbox>}
                  <FormField label={t.common.depth} description={t.createJob.howManyOfTheObjectsAre}><Input type="number" value={d.depth} onChange={(e) => set({ depth: e.detail.value })} /></FormField>
                  <ColumnLayout columns={3}>
                    <FormField label={<>{rich(t.createJob.onlyKeysThatBeginWithI, { i: <i>{t.common.optional}</i> })}</>} description={t.common.oneALine}><Textarea rows={3} value={d.prefixes} onChange={(e) => set({ prefixes: e.detail.value })} spellcheck={false} /></FormField>
                    <FormField label={<>{rich(t.createJob.onlyExtensionsI, { i: <i>{t.common.optional}</i> })}</>} description={t.createJob.suchAsCsvOneALine}><Textarea rows={3} value={d.extensions} onChange={(e) => set({ extensions: e.detail.value })} spellcheck={false} /></FormField>
                    <FormField label={<>{rich(t.createJob.notTheseExtensionsI, { i: <i>{t.common.optional}</i> })}</>} description={t.common.oneALine}><Textarea rows={3} value={d.skipped} onChange={(e) => set({ skipped: e.detail.value })} spellcheck={false} /></FormField>
                  </ColumnLayout>
                </SpaceBetween>
              </Container>
            ),
          },
          {
            title: t.createJob.managedDataIdentifiers,
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <SpaceBetween size="m">
                  {managed.error && <Problem error={managed.error} retry={managed.refresh} />}
                  <FormField label={t.createJob.whatToLookFor}>
                    <RadioGroup
                      value={d.selector}
                      onChange={(e) => set({ selector: e.detail.value as ManagedDataIdentifierSelector })}
                      items={[
                        { value: "RECOMMENDED", label: t.common.recommended, description: t.createJob.thoseThatAreRightMostOf },
                        { value: "ALL", label: t.common.all, description: managed.data ? fill(t.createJob.allData, { data: managed.data.length }) : undefined },
                        { value: "INCLUDE", label: t.common.these },
                        { value: "EXCLUDE", label: t.common.allButThese },
                        { value: "NONE", label: t.common.none, description: t.createJob.customDataIdentifiersAlone },
                      ]}
                    />
                  </FormField>
                  {(d.selector === "INCLUDE" || d.selector === "EXCLUDE") && (
                    <FormField label={t.createJob.identifiers}>
                      <Multiselect
                        selectedOptions={d.managed.map((m) => ({ value: m, label: words(m) }))}
                        options={(managed.data ?? []).map((m) => ({ value: m.id, label: words(m.id), description: words(m.category) }))}
                        filteringType="auto"
                        onChange={(e) => set({ managed: e.detail.selectedOptions.map((x) => x.value!) })}
                        placeholder={t.createJob.chooseIdentifiers}
                        selectedAriaLabel={t.common.chosen}
                        deselectAriaLabel={(x) => fill(t.common.leaveOutLabel, { label: x.label })}
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
            title: t.common.customDataIdentifiers,
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <FormField label={t.common.customDataIdentifiers} constraintText={fill(t.common.customOf30, { custom: d.custom.length })}>
                  <Multiselect
                    selectedOptions={d.custom.map((id) => ({ value: id, label: visible(custom.data?.find((c) => c.id === id)?.name) || id }))}
                    options={(custom.data ?? []).map((c) => ({ value: c.id, label: visible(c.name), description: visible(c.description) }))}
                    filteringType="auto"
                    onChange={(e) => set({ custom: e.detail.selectedOptions.map((x) => x.value!) })}
                    placeholder={t.createJob.chooseIdentifiers}
                    empty={t.common.thereAreNone}
                    selectedAriaLabel={t.common.chosen}
                    deselectAriaLabel={(x) => fill(t.common.leaveOutLabel, { label: x.label })}
                  />
                </FormField>
              </Container>
            ),
          },
          {
            title: t.common.allowLists,
            isOptional: true,
            errorText: fault,
            content: (
              <Container>
                <FormField label={t.common.allowLists} constraintText={fill(t.common.listsOf10, { lists: d.lists.length })}>
                  <Multiselect
                    selectedOptions={d.lists.map((id) => ({ value: id, label: visible(lists.data?.find((c) => c.id === id)?.name) || id }))}
                    options={(lists.data ?? []).map((c) => ({ value: c.id, label: visible(c.name), description: visible(c.description) }))}
                    filteringType="auto"
                    onChange={(e) => set({ lists: e.detail.selectedOptions.map((x) => x.value!) })}
                    placeholder={t.createJob.chooseAllowLists}
                    empty={t.common.thereAreNone}
                    selectedAriaLabel={t.common.chosen}
                    deselectAriaLabel={(x) => fill(t.common.leaveOutLabel, { label: x.label })}
                  />
                </FormField>
              </Container>
            ),
          },
          {
            title: t.common.name,
            errorText: fault,
            content: (
              <Container>
                <SpaceBetween size="m">
                  <FormField label={t.common.name} constraintText={t.createJob.atMost500CharactersItCannot}><Input value={d.name} onChange={(e) => set({ name: e.detail.value })} /></FormField>
                  <FormField label={<>{rich(t.common.descriptionI, { i: <i>{t.common.optional}</i> })}</>}><Input value={d.description} onChange={(e) => set({ description: e.detail.value })} /></FormField>
                  <TagsField value={d.tags} onChange={(tags) => set({ tags })} />
                </SpaceBetween>
              </Container>
            ),
          },
          {
            title: t.createJob.review,
            errorText: fault,
            content: (
              <Container>
                <KeyValuePairs
                  columns={2}
                  items={[
                    { label: t.common.name, value: <Theirs text={d.name} /> },
                    { label: t.common.buckets, value: d.by === "criteria" ? fill(t.createJob.byCriteriaIncludesExcludes, { includes: said(d.includes), excludes: (d.excludes.length ? fill(t.createJob.notExcludes, { excludes: said(d.excludes) }) : "") }) : chips(d.buckets.map((b) => b.join("/"))) },
                    { label: t.common.when, value: { once: t.createJob.onceNow, daily: t.createJob.everyDay, weekly: fill(t.createJob.everyWeekOnDay, { day: words(d.day) }), monthly: fill(t.createJob.everyMonthOnDayDate, { date: d.date }) }[d.schedule] },
                    { label: t.common.depth, value: fill(t.createJob.depthOfTheObjects, { depth }) },
                    { label: t.createJob.onlyKeysThatBeginWith, value: chips(split(d.prefixes)) },
                    { label: t.createJob.extensions, value: (split(d.extensions).length ? fill(t.createJob.onlyExtensions, { extensions: chips(split(d.extensions)) }) : "all") + (split(d.skipped).length ? fill(t.createJob.notSkipped, { skipped: chips(split(d.skipped)) }) : "") },
                    { label: t.createJob.managedDataIdentifiers, value: words(d.selector) + (d.selector === "INCLUDE" || d.selector === "EXCLUDE" ? ": " + chips(d.managed) : "") },
                    { label: t.common.customDataIdentifiers, value: chips(d.custom.map((id) => custom.data?.find((c) => c.id === id)?.name ?? id)) },
                    { label: t.common.allowLists, value: chips(d.lists.map((id) => lists.data?.find((c) => c.id === id)?.name ?? id)) },
                    { label: t.common.description, value: <Theirs text={d.description} /> },
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
