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
import { DeleteOne } from "../parts/delete-one";
import { NoPage, WhereOff, useAct } from "../parts/problem";
import { UsedBy } from "../parts/job-use";
import { useResource } from "../parts/resource";
import { Rows } from "../parts/rows";
import { EditableTags, TagsField } from "../parts/tags";
import { navigate } from "../route";
import { useDesk } from "../session";
import { readTags } from "../tags";
import { visible, words } from "../text/format";
import { fill, t } from "../text";

const remedy: Record<string, string> = {
  S3_OBJECT_NOT_FOUND: t.allowLists.putTheFileWhereTheList,
  S3_USER_ACCESS_DENIED: t.allowLists.letTheStoreSCredentialsRead,
  S3_OBJECT_ACCESS_DENIED: t.allowLists.letTheStoreSCredentialsRead2,
  S3_THROTTLED: t.allowLists.waitTheStoreAsksToGo,
  S3_OBJECT_OVERSIZE: t.allowLists.makeTheFileSmaller,
  S3_OBJECT_EMPTY: t.allowLists.putWordsIntoTheFileOne,
  UNKNOWN_ERROR: t.allowLists.seeWhatTheStoreSaysAnd,
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
  const [selected, setSelected] = useState<GetAllowListResponse[]>([]);
  useEffect(() => desk.title(t.common.allowLists), [desk]);
  const list = useAllowLists();
  const one = selected[0];
  return (
    <>
      <Rows<GetAllowListResponse>
        h1
        name={t.common.allowLists}
        id="allow-lists"
        description={t.allowLists.whatJobsLeaveAloneAnExpression}
        rows={list}
        rowId={(l) => l.id ?? ""}
        select="single"
        selected={selected}
        onSelect={setSelected}
        selectionName={(l) => visible(l.name)}
        empty={{ title: t.allowLists.noAllowLists, text: t.allowLists.withOneJobsLeaveAloneWhat, action: <Button onClick={() => navigate(desk.link("allow-lists", "create"))}>{t.common.create}</Button> }}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={!one} onClick={() => navigate(desk.link("allow-lists", one!.id!))}>{t.common.edit}</Button>
            <DeleteOne
              name={one && visible(one.name)}
              body={
                one && (
                  <SpaceBetween size="s">
                    <span>{t.allowLists.jobsThatUseItGoOn}</span>
                    <Users id={one.id!} />
                  </SpaceBetween>
                )
              }
              act={() => desk.caller.call("DeleteAllowList", { id: one!.id! })}
              done={() => {
                setSelected([]);
                list.refresh();
              }}
            />
            <Button variant="primary" onClick={() => navigate(desk.link("allow-lists", "create"))}>{t.common.create}</Button>
          </SpaceBetween>
        }
        columns={[
          { id: "name", header: t.common.name, value: (l) => visible(l.name), cell: (l) => <To href={desk.link("allow-lists", l.id ?? "")}><Theirs text={l.name} /></To>, width: 240 },
          { id: "type", header: t.common.type, value: (l) => (l.criteria?.regex ? t.allowLists.expression : t.allowLists.fileOfWords), width: 150 },
          { id: "status", header: t.common.status, value: (l) => words(l.status?.code), cell: (l) => <ListStatus status={l.status} />, width: 240 },
          { id: "updated", header: t.common.updated, time: (l) => l.updatedAt },
        ]}
      />
    </>
  );
}

/** Which jobs use a list. */
const Users = ({ id }: { id: string }) => <UsedBy uses={(j) => !!j.allowListIds?.includes(id)} />;

export function AllowList({ id }: { id: string }) {
  const desk = useDesk();
  const creating = id === "create";
  const one = useResource(async (o) => (creating ? null : await desk.caller.call("GetAllowList", { id }, o)), [desk.caller, id]);
  useEffect(() => desk.title(creating ? t.common.createAllowList : t.common.allowList), [desk, creating]);
  if (one.error) return <NoPage title={t.common.allowList} error={one.error} retry={one.refresh} />;
  if (one.data === undefined) return <Header variant="h1">{t.common.loading}</Header>;
  return (
    <SpaceBetween size="l">
      {creating && <WhereOff />}
      <Edit key={one.data?.updatedAt} list={one.data} again={one.refresh} />
    </SpaceBetween>
  );
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
      list ? t.allowLists.theAllowListIsChanged : t.allowLists.theAllowListIsCreated,
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
        header={<Header variant="h1">{list ? <Theirs text={list.name} /> : t.common.createAllowList}</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => navigate(desk.link("allow-lists"))}>{list ? t.common.back : t.common.cancel}</Button>
            <Button variant="primary" formAction="submit" loading={busy === "save"} disabled={!name || (kind === "regex" ? !regex : !bucket || !key)}>{list ? t.common.save : t.common.create}</Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          {list && (
            <Container>
              <SpaceBetween size="m">
                <KeyValuePairs
                  columns={2}
                  items={[
                    { label: t.common.status, value: <ListStatus status={list.status} /> },
                    { label: t.common.updated, value: <When at={list.updatedAt} /> },
                    { label: t.common.usedBy, value: <Users id={list.id!} /> },
                    { label: t.common.tags, value: <EditableTags arn={list.arn} name={visible(list.name)} tags={list.tags ?? {}} refresh={again} /> },
                  ]}
                />
                {code !== "OK" && (
                  <Alert type="warning" header={t.allowLists.thisListDoesNothingAtThe}>
                    {visible(list.status?.description)} {remedy[code]}
                  </Alert>
                )}
              </SpaceBetween>
            </Container>
          )}
          <Container>
            <SpaceBetween size="m">
              <FormField label={t.common.name}><Input value={name} onChange={(e) => setName(e.detail.value)} autoFocus={!list} /></FormField>
              <FormField label={t.common.description}><Input value={description} onChange={(e) => setDescription(e.detail.value)} /></FormField>
              <FormField label={t.common.type}>
                <RadioGroup
                  value={kind}
                  onChange={(e) => setKind(e.detail.value)}
                  items={[
                    { value: "regex", label: t.common.regularExpression, description: t.allowLists.textThatItMatchesIsLeft, disabled: !!list && kind !== "regex" },
                    { value: "words", label: t.allowLists.fileOfWords, description: t.allowLists.anObjectInOneOfThis, disabled: !!list && kind !== "words" },
                  ]}
                />
              </FormField>
              {kind === "regex" ? (
                <FormField label={t.common.regularExpression} constraintText={fill(t.common.valueOf512Characters, { value: [...regex].length })}>
                  <Textarea value={regex} onChange={(e) => setRegex(e.detail.value)} rows={3} spellcheck={false} />
                </FormField>
              ) : (
                <>
                  <FormField label={t.common.bucket}><Input value={bucket} onChange={(e) => setBucket(e.detail.value)} spellcheck={false} /></FormField>
                  <FormField label={t.common.object}><Input value={key} onChange={(e) => setKey(e.detail.value)} spellcheck={false} /></FormField>
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
