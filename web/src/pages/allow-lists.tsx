// Allow lists: what is not to be found, by an expression or by a file of words.
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Textarea from "@cloudscape-design/components/textarea";
import { useEffect, useState } from "react";
import { all, CallError, each } from "../api/call";
import type { AllowListStatus, GetAllowListResponse } from "../api/macie2.gen";
import { Theirs, To, When } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { Problem, useAct } from "../parts/problem";
import { loadJobs, mostAsked } from "../parts/job-use";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { readTags, Tags, TagsField } from "../parts/tags";
import { navigate } from "../route";
import { useDesk } from "../session";
import { visible, words } from "../text/format";

const remedy: Record<string, string> = {
  S3_OBJECT_NOT_FOUND: "Put the file where the list says, or change the list.",
  S3_USER_ACCESS_DENIED: "Let the store's credentials read the bucket.",
  S3_OBJECT_ACCESS_DENIED: "Let the store's credentials read the object.",
  S3_THROTTLED: "Wait: the store asks to go slower.",
  S3_OBJECT_OVERSIZE: "Make the file smaller.",
  S3_OBJECT_EMPTY: "Put words into the file, one a line.",
  UNKNOWN_ERROR: "See what the store says, and try again.",
};

export function ListStatus({ status }: { status: AllowListStatus | undefined }) {
  const code = status?.code ?? "";
  return <StatusIndicator type={code === "OK" ? "success" : code ? "error" : "pending"}>{code === "OK" ? "OK" : words(code)}</StatusIndicator>;
}

export function useAllowLists() {
  const desk = useDesk();
  return useResource(async (o) => {
    const list = await all(desk.caller, "ListAllowLists", { maxResults: 25 }, (p) => p.allowLists, o);
    const whole = await each(list, 4, (l) => desk.caller.call("GetAllowList", { id: l.id! }, o));
    return list.map((l, i) => (whole[i] instanceof CallError || !whole[i] ? ({ ...l } as GetAllowListResponse) : (whole[i] as GetAllowListResponse)));
  }, [desk.caller]);
}

export function AllowLists() {
  const desk = useDesk();
  const { act } = useAct();
  const [selected, setSelected] = useState<GetAllowListResponse[]>([]);
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title("Allow lists"), [desk]);
  const list = useAllowLists();
  const one = selected[0];
  return (
    <>
      <Rows<GetAllowListResponse>
        h1
        name="Allow lists"
        id="allow-lists"
        description="What jobs leave alone: an expression, or the words of a file."
        rows={list}
        rowId={(l) => l.id ?? ""}
        select="single"
        selected={selected}
        onSelect={setSelected}
        selectionName={(l) => visible(l.name)}
        empty={{ title: "No allow lists", text: "With one, jobs leave alone what looks sensitive and is not, such as your own telephone numbers.", action: <Button onClick={() => navigate(desk.link("allow-lists", "create"))}>Create</Button> }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={!one} onClick={() => navigate(desk.link("allow-lists", one!.id!))}>Edit</Button>
            <Button
              disabled={!one}
              onClick={() =>
                setQuestion({
                  title: "Delete " + visible(one!.name) + "?",
                  yes: "Delete",
                  body: <Users id={one!.id!} />,
                  act: async () => {
                    if (await act("delete", () => desk.caller.call("DeleteAllowList", { id: one!.id! }), visible(one!.name) + " is deleted.")) {
                      setSelected([]);
                      list.refresh();
                    }
                  },
                })
              }
            >
              Delete
            </Button>
            <Button variant="primary" onClick={() => navigate(desk.link("allow-lists", "create"))}>Create</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "name", header: "Name", value: (l) => visible(l.name), cell: (l) => <To href={desk.link("allow-lists", l.id ?? "")}><Theirs text={l.name} /></To>, width: 240 },
          { id: "type", header: "Type", value: (l) => (l.criteria?.regex ? "Expression" : "File of words"), width: 150 },
          { id: "status", header: "Status", value: (l) => words(l.status?.code), cell: (l) => <ListStatus status={l.status} />, width: 240 },
          { id: "updated", header: "Updated", time: (l) => l.updatedAt },
        ]}
      />
      <Confirm question={question} close={() => setQuestion(null)} />
    </>
  );
}

/** Which jobs a list is used by, before it is deleted. */
function Users({ id }: { id: string }) {
  const desk = useDesk();
  const jobs = useResource(async (o) => (await loadJobs(desk.caller, o)).filter((j) => j.allowListIds?.includes(id)), [desk.caller, id]);
  return (
    <SpaceBetween size="s">
      <span>Jobs that use it go on without it. If an active job uses it, you are told and nothing is deleted.</span>
      {jobs.data === undefined ? (
        <StatusIndicator type={jobs.error ? "error" : "loading"}>{jobs.error ? visible(jobs.error.message) : "Looking for jobs that use it"}</StatusIndicator>
      ) : jobs.data.length ? (
        <div>
          {"Of the newest " + mostAsked + " jobs, these use it:"}
          <ul>
            {jobs.data.slice(0, 20).map((j) => (
              <li key={j.jobId}>
                <Theirs text={j.name} />
              </li>
            ))}
          </ul>
        </div>
      ) : (
        <span>{"None of the newest " + mostAsked + " jobs uses it."}</span>
      )}
    </SpaceBetween>
  );
}

export function AllowList({ id }: { id: string }) {
  const desk = useDesk();
  const creating = id === "create";
  const one = useResource(async (o) => (creating ? null : await desk.caller.call("GetAllowList", { id }, o)), [desk.caller, id]);
  useEffect(() => desk.title(creating ? "Create allow list" : "Allow list"), [desk, creating]);
  if (one.error) return <Problem error={one.error} retry={one.refresh} />;
  if (one.data === undefined) return <Header variant="h1">Loading</Header>;
  return <Edit key={one.updated} list={one.data} again={one.refresh} />;
}

function Edit({ list, again }: { list: GetAllowListResponse | null; again: () => void }) {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [name, setName] = useState(list?.name ?? "");
  const [description, setDescription] = useState(list?.description ?? "");
  const [kind, setKind] = useState(list?.criteria?.s3WordsList ? "words" : "regex");
  const [regex, setRegex] = useState(list?.criteria?.regex ?? "");
  const [bucket, setBucket] = useState(list?.criteria?.s3WordsList?.bucketName ?? "");
  const [key, setKey] = useState(list?.criteria?.s3WordsList?.objectKey ?? "");
  const [tags, setTags] = useState("");
  const criteria = kind === "regex" ? { regex } : { s3WordsList: { bucketName: bucket, objectKey: key } };
  const save = async () => {
    const text = description ? { description } : {};
    const ok = await act(
      "save",
      () => (list ? desk.caller.call("UpdateAllowList", { id: list.id!, name, criteria, ...text }) : desk.caller.call("CreateAllowList", { clientToken: crypto.randomUUID(), name, criteria, ...text, ...(tags.trim() ? { tags: readTags(tags) } : {}) })),
      list ? "The allow list is changed." : "The allow list is created.",
    );
    if (ok && list) again();
    else if (ok) navigate(desk.link("allow-lists"));
  };
  const code = list?.status?.code ?? "OK";
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        void save();
      }}
    >
      <Form
        header={<Header variant="h1">{list ? <Theirs text={list.name} /> : "Create allow list"}</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => navigate(desk.link("allow-lists"))}>{list ? "Back" : "Cancel"}</Button>
            <Button variant="primary" formAction="submit" loading={busy === "save"} disabled={!name || (kind === "regex" ? !regex : !bucket || !key)}>{list ? "Save" : "Create"}</Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {list && (
            <Container>
              <SpaceBetween size="m">
                <KeyValuePairs
                  columns={3}
                  items={[
                    { label: "Status", value: <ListStatus status={list.status} /> },
                    { label: "Updated", value: <When at={list.updatedAt} /> },
                    { label: "Tags", value: <Tags tags={list.tags} /> },
                  ]}
                />
                {code !== "OK" && (
                  <Alert type="warning" header="This list does nothing at the moment">
                    {visible(list.status?.description)} {remedy[code]}
                  </Alert>
                )}
              </SpaceBetween>
            </Container>
          )}
          <Container>
            <SpaceBetween size="m">
              <FormField label="Name"><Input value={name} onChange={(e) => setName(e.detail.value)} autoFocus={!list} /></FormField>
              <FormField label="Description"><Input value={description} onChange={(e) => setDescription(e.detail.value)} /></FormField>
              <FormField label="Type">
                <RadioGroup
                  value={kind}
                  onChange={(e) => setKind(e.detail.value)}
                  items={[
                    { value: "regex", label: "Regular expression", description: "Text that it matches is left alone.", disabled: !!list && kind !== "regex" },
                    { value: "words", label: "File of words", description: "An object in one of this account's buckets, one word or phrase a line.", disabled: !!list && kind !== "words" },
                  ]}
                />
              </FormField>
              {kind === "regex" ? (
                <FormField label="Regular expression" constraintText={[...regex].length + " of 512 characters"}>
                  <Textarea value={regex} onChange={(e) => setRegex(e.detail.value)} rows={3} spellcheck={false} />
                </FormField>
              ) : (
                <>
                  <FormField label="Bucket"><Input value={bucket} onChange={(e) => setBucket(e.detail.value)} spellcheck={false} /></FormField>
                  <FormField label="Object"><Input value={key} onChange={(e) => setKey(e.detail.value)} spellcheck={false} /></FormField>
                </>
              )}
              {!list && <TagsField value={tags} onChange={setTags} />}
            </SpaceBetween>
          </Container>
        </SpaceBetween>
      </Form>
    </form>
  );
}
