// Custom data identifiers: the list, one of them, and making one with a sample beside it.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useEffect, useRef, useState } from "react";
import { all, CallError } from "../api/call";
import type { CustomDataIdentifierSummary, SeverityLevel } from "../api/macie2.gen";
import { Theirs, To, When } from "../parts/bits";
import { DeleteOne } from "../parts/delete-one";
import { NoPage, WhereOff, useAct } from "../parts/problem";
import { Looked, namesOf, UsedBy, useJobs } from "../parts/job-use";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { EditableTags, TagsField } from "../parts/tags";
import { navigate, setGuard, useRoute } from "../route";
import { useDesk } from "../session";
import { readTags } from "../tags";
import { counted, visible } from "../text/format";
import { fill, t } from "../text";

export function Identifiers() {
  const desk = useDesk();
  const [selected, setSelected] = useState<CustomDataIdentifierSummary[]>([]);
  useEffect(() => desk.title(t.common.customDataIdentifiers), [desk]);
  const list = useResource((o) => all(desk.caller, "ListCustomDataIdentifiers", { maxResults: 25 }, (p) => p.items, o), [desk.caller]);
  const jobs = useJobs(!!list.data?.length);
  const usedBy = (id: string | undefined) => jobs.jobs.filter((j) => j.customDataIdentifierIds?.includes(id ?? ""));
  const one = selected[0];
  return (
    <>
      <Rows<CustomDataIdentifierSummary>
        h1
        name={t.common.customDataIdentifiers}
        id="custom-data-identifiers"
        description={t.identifiers.expressionsOfYourOwnThatJobs}
        rows={list}
        rowId={(i) => i.id ?? ""}
        select="single"
        selected={selected}
        onSelect={setSelected}
        selectionName={(i) => visible(i.name)}
        empty={{ title: t.identifiers.noCustomDataIdentifiers, text: t.identifiers.withOneJobsFindDataThat, action: <Button onClick={() => navigate(desk.link("custom-data-identifiers", "create"))}>{t.common.create}</Button> }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={!one} onClick={() => navigate(desk.link("custom-data-identifiers", "create") + "?from=" + encodeURIComponent(one!.id!))}>{t.common.duplicate}</Button>
            <DeleteOne
              name={one && visible(one.name)}
              body={t.identifiers.newJobsCannotUseItJobs}
              act={() => desk.caller.call("DeleteCustomDataIdentifier", { id: one!.id! })}
              done={() => {
                setSelected([]);
                list.refresh();
              }}
            />
            <Button variant="primary" onClick={() => navigate(desk.link("custom-data-identifiers", "create"))}>{t.common.create}</Button>
          </SpaceBetween>
        }
        more={list.data?.length && (jobs.error || (jobs.total ?? 0) > jobs.looked) ? <Looked jobs={jobs} /> : undefined}
        columns={[
          { id: "name", header: t.common.name, value: (i) => visible(i.name), cell: (i) => <To href={desk.link("custom-data-identifiers", i.id ?? "")}><Theirs text={i.name} /></To>, width: 240 },
          { id: "description", header: t.common.description, value: (i) => visible(i.description), cell: (i) => <Theirs text={i.description} />, filter: false, width: 300 },
          { id: "jobs", header: t.common.usedBy, value: (i) => usedBy(i.id).length, cell: (i) => <span title={namesOf(usedBy(i.id))}>{jobs.looked ? counted(usedBy(i.id).length, t.common.countJobs) : "–"}</span>, filter: false, width: 130 },
          { id: "created", header: t.common.created, time: (i) => i.createdAt },
        ]}
      />
    </>
  );
}

export function Identifier({ id }: { id: string }) {
  const desk = useDesk();
  const one = useResource((o) => desk.caller.call("GetCustomDataIdentifier", { id }, o), [desk.caller, id]);
  useEffect(() => desk.title(one.data?.name ? visible(one.data.name) : t.common.customDataIdentifier), [desk, one.data?.name]);
  const d = one.data;
  if (one.error) return <NoPage title={t.common.customDataIdentifier} error={one.error} retry={one.refresh} />;
  return (
    <Container header={<Header variant="h1" actions={<Button onClick={() => navigate(desk.link("custom-data-identifiers", "create") + "?from=" + encodeURIComponent(id))}>{t.common.duplicate}</Button>}>{d ? <Theirs text={d.name} /> : t.common.loading}</Header>}>
      {d && (
        <SpaceBetween size="m">
          {d.deleted && <Alert type="info">{t.identifiers.itIsDeletedJobsThatUse}</Alert>}
          <KeyValuePairs
            columns={2}
            items={[
              { label: t.common.regularExpression, value: <span className="mono">{visible(d.regex)}</span> },
              { label: t.common.description, value: <Theirs text={d.description} /> },
              { label: t.identifiers.keywords, value: <Theirs text={d.keywords?.join(", ")} /> },
              { label: t.identifiers.ignoreWords, value: <Theirs text={d.ignoreWords?.join(", ")} /> },
              { label: t.identifiers.maximumMatchDistance, value: d.keywords?.length ? fill(t.identifiers.maximummatchdistanceCharacters, { maximumMatchDistance: (d.maximumMatchDistance ?? 50) }) : "–" },
              { label: t.common.severity, value: d.severityLevels?.length ? d.severityLevels.map((s) => fill(t.identifiers.severityFromOccurrencesthreshold, { severity: s.severity, occurrencesThreshold: counted(s.occurrencesThreshold, t.identifiers.countOccurrences) })).join(", ") : t.identifiers.mediumFrom1Occurrence },
              { label: t.common.created, value: <When at={d.createdAt} /> },
              { label: t.common.usedBy, value: <UsedBy uses={(j) => !!j.customDataIdentifierIds?.includes(id)} /> },
              { label: t.common.tags, value: <EditableTags arn={d.deleted ? undefined : d.arn} name={visible(d.name)} tags={d.tags ?? {}} refresh={one.refresh} /> },
              { label: "ARN", value: <span className="mono">{visible(d.arn)}</span> },
            ]}
          />
          <Box variant="small">{t.identifiers.itCannotBeChangedFindingsSay}</Box>
        </SpaceBetween>
      )}
    </Container>
  );
}

const words = (text: string) => text.split(/[\n,]/).map((w) => w.trim()).filter(Boolean);

interface Tested {
  count: number;
  places: Place[];
  misses: Miss[];
}

export function CreateIdentifier() {
  const desk = useDesk();
  const route = useRoute();
  const { act, busy } = useAct();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [regex, setRegex] = useState("");
  const [keywords, setKeywords] = useState("");
  const [ignore, setIgnore] = useState("");
  const [distance, setDistance] = useState("50");
  const [levels, setLevels] = useState({ Low: "", Medium: "1", High: "" });
  const [tags, setTags] = useState("");
  const [sample, setSample] = useState("");
  const [tested, setTested] = useState<Tested>();
  const [fault, setFault] = useState<CallError>();
  const turn = useRef(0);
  useEffect(() => desk.title(t.common.createCustomDataIdentifier), [desk]);
  const from = route.query.get("from");
  useEffect(() => {
    if (!from) return;
    desk.caller.call("GetCustomDataIdentifier", { id: from }).then(
      (d) => {
        setName(fill(t.common.nameCopy, { name: (d.name ?? "") }));
        setDescription(d.description ?? "");
        setRegex(d.regex ?? "");
        setKeywords((d.keywords ?? []).join("\n"));
        setIgnore((d.ignoreWords ?? []).join("\n"));
        setDistance(String(d.maximumMatchDistance ?? 50));
        const l = { Low: "", Medium: "", High: "" };
        for (const s of d.severityLevels ?? []) l[s.severity as keyof typeof l] = String(s.occurrencesThreshold);
        setLevels(d.severityLevels?.length ? l : { Low: "", Medium: "1", High: "" });
      },
      (e: Error) => desk.flash({ type: "error", content: visible(e.message) }),
    );
  }, [from, desk.caller]);
  const touched = !!(name || regex);
  const saved = useRef(false);
  useEffect(() => {
    setGuard(touched ? () => saved.current || confirm(t.common.whatYouHaveTypedHereIs) : null);
    return () => setGuard(null);
  }, [touched]);

  const keys = words(keywords), ignored = words(ignore);
  // The sample is tried 300 ms after the last key; an older answer is dropped.
  useEffect(() => {
    const mine = ++turn.current;
    setFault(undefined);
    if (!regex) {
      setTested(undefined);
      return;
    }
    const t = setTimeout(async () => {
      const input = { regex, sampleText: sample || " ", ...(keys.length ? { keywords: keys, maximumMatchDistance: Number(distance) || 50 } : {}), ...(ignored.length ? { ignoreWords: ignored } : {}) };
      try {
        const r = await desk.caller.own<{ matchCount: number; matches: Place[]; misses: Miss[] }>("POST", "custom-data-identifiers/test", input);
        if (mine === turn.current) setTested({ count: sample ? r.matchCount : 0, places: sample ? r.matches : [], misses: sample ? r.misses : [] });
      } catch (e) {
        if (mine !== turn.current) return;
        setTested(undefined);
        setFault(e as CallError);
      }
    }, 300);
    return () => clearTimeout(t);
  }, [regex, keywords, ignore, distance, sample, desk.caller]);

  const ofRegex = fault && /regex|expression|pattern/i.test(fault.message) ? visible(fault.message) : "";
  const severity: SeverityLevel[] = (["Low", "Medium", "High"] as const).flatMap((s) => (levels[s] ? [{ severity: s.toUpperCase() as SeverityLevel["severity"], occurrencesThreshold: Number(levels[s]) }] : []));
  const create = async () => {
    const ok = await act(
      "create",
      () =>
        desk.caller.call("CreateCustomDataIdentifier", {
          clientToken: crypto.randomUUID(),
          name,
          regex,
          ...(description ? { description } : {}),
          ...(keys.length ? { keywords: keys, maximumMatchDistance: Number(distance) || 50 } : {}),
          ...(ignored.length ? { ignoreWords: ignored } : {}),
          severityLevels: severity,
          ...(tags.trim() ? { tags: readTags(tags) } : {}),
        }),
      t.identifiers.theCustomDataIdentifierIsCreated,
    );
    if (ok) {
      saved.current = true;
      navigate(desk.link("custom-data-identifiers"));
    }
  };
  const form = (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void create();
      }}
    >
      <Form
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => navigate(desk.link("custom-data-identifiers"))}>{t.common.cancel}</Button>
            <Button variant="primary" formAction="submit" disabled={!name || !regex || !!ofRegex} loading={busy === "create"}>{t.common.create}</Button>
          </SpaceBetween>
        }
      >
        <Container>
          <SpaceBetween size="m">
            <FormField label={t.common.name}><Input value={name} onChange={(e) => setName(e.detail.value)} autoFocus /></FormField>
            <FormField label={t.common.description}><Input value={description} onChange={(e) => setDescription(e.detail.value)} /></FormField>
            <FormField label={t.common.regularExpression} constraintText={fill(t.common.valueOf512Characters, { value: [...regex].length })} errorText={ofRegex || undefined}>
              <Textarea value={regex} onChange={(e) => setRegex(e.detail.value)} rows={3} spellcheck={false} invalid={!!ofRegex} />
            </FormField>
            <FormField label={t.identifiers.keywords} description={t.identifiers.oneALineOnlyWhatHas} constraintText={fill(t.identifiers.keysOf50, { keys: keys.length })}>
              <Textarea value={keywords} onChange={(e) => setKeywords(e.detail.value)} rows={3} spellcheck={false} />
            </FormField>
            <FormField label={t.identifiers.ignoreWords} description={t.identifiers.oneALineWhatHasOne} constraintText={fill(t.identifiers.ignoredOf10, { ignored: ignored.length })}>
              <Textarea value={ignore} onChange={(e) => setIgnore(e.detail.value)} rows={2} spellcheck={false} />
            </FormField>
            <FormField label={t.identifiers.maximumMatchDistance} description={t.identifiers.charactersBetweenTheEndOfA} constraintText={t.identifiers.n1To300}>
              <Input value={distance} onChange={(e) => setDistance(e.detail.value)} type="number" disabled={!keys.length} />
            </FormField>
            <FormField label={t.identifiers.severityByOccurrences} description={t.identifiers.fromHowManyOccurrencesInAn} stretch>
              <ColumnLayout columns={3}>
                {(["Low", "Medium", "High"] as const).map((s) => (
                  <FormField key={s} label={fill(t.identifiers.sFrom, { s })}>
                    <Input value={levels[s]} onChange={(e) => setLevels({ ...levels, [s]: e.detail.value })} type="number" />
                  </FormField>
                ))}
              </ColumnLayout>
            </FormField>
            <TagsField value={tags} onChange={setTags} />
          </SpaceBetween>
        </Container>
      </Form>
    </form>
  );
  const beside = (
    <div className="beside">
      <Container header={<Header variant="h2">{t.identifiers.tryIt}</Header>}>
        <SpaceBetween size="s">
          <FormField label={t.identifiers.sampleData} constraintText={fill(t.identifiers.valueOf1000CharactersIt, { value: [...sample].length })}>
            <Textarea value={sample} onChange={(e) => setSample(e.detail.value)} rows={8} spellcheck={false} />
          </FormField>
          <div role="status" aria-label={t.identifiers.matches}>
            {!regex ? t.identifiers.typeAnExpression : fault ? (ofRegex ? t.identifiers.theExpressionIsNotGoodYet : visible(fault.message)) : tested ? counted(tested.count, t.common.countMatches) : "…"}
          </div>
          {tested && sample && <Marked text={sample} places={tested.places} misses={tested.misses} />}
        </SpaceBetween>
      </Container>
    </div>
  );
  return (
    <SpaceBetween size="l">
      <Header variant="h1">{t.common.createCustomDataIdentifier}</Header>
      <WhereOff />
      <Grid gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }]}>
        {form}
        {beside}
      </Grid>
    </SpaceBetween>
  );
}

interface Place {
  start: number;
  end: number;
}

interface Miss extends Place {
  reason: string;
}

const why: { [reason: string]: string } = { NO_KEYWORD: t.identifiers.noKeywordIsWithinReach, IGNORE_WORD: t.identifiers.aWordToIgnoreIsIn };

/** The sample with what matches marked, and what does not count and why. Places are counted in characters. */
function Marked({ text, places, misses }: { text: string; places: Place[]; misses: Miss[] }) {
  const characters = [...text];
  const parts: Array<{ text: string; kind: "" | "hit" | "miss"; reason?: string }> = [];
  let at = 0;
  for (const p of [...places.map((x) => ({ ...x, reason: "" })), ...misses].sort((a, b) => a.start - b.start)) {
    if (p.start > at) parts.push({ text: characters.slice(at, p.start).join(""), kind: "" });
    parts.push({ text: characters.slice(Math.max(at, p.start), p.end).join(""), kind: p.reason ? "miss" : "hit", reason: why[p.reason] });
    at = Math.max(at, p.end);
  }
  parts.push({ text: characters.slice(at).join(""), kind: "" });
  return (
    <SpaceBetween size="xs">
      <div className="mono" role="group" aria-label={t.identifiers.theSampleWithMatchesMarked}>
        {parts.map((p, i) => (p.kind === "hit" ? <mark key={i} className="hit">{p.text}</mark> : <span key={i} className={p.kind || undefined} title={p.reason}>{p.text}</span>))}
      </div>
      {misses.length > 0 && (
        <ul aria-label={t.identifiers.whatDoesNotCount}>
          {misses.slice(0, 20).map((m, i) => (
            <li key={i}>
              <span className="mono miss">{visible(characters.slice(m.start, m.end).join(""))}</span>: {why[m.reason] ?? m.reason}
            </li>
          ))}
        </ul>
      )}
    </SpaceBetween>
  );
}
