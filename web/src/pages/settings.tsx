// Settings: what Macie is in this Region, where results go, what may be revealed, and how it ends.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { useEffect, useState } from "react";
import type { FindingPublishingFrequency } from "../api/macie2.gen";
import { To, When } from "../parts/bits";
import { Confirm, type Question } from "../parts/confirm";
import { Problem, useAct } from "../parts/problem";
import { loadRegions, type RegionSummary } from "../parts/regions";
import { useResource } from "../parts/resource";
import { EditableTags } from "../parts/tags";
import { useDesk } from "../session";
import { count, visible, words } from "../text/format";
import { fill, rich, t } from "../text";

const frequencies: Array<{ value: FindingPublishingFrequency; label: string }> = [
  { value: "FIFTEEN_MINUTES", label: t.settings.every15Minutes },
  { value: "ONE_HOUR", label: t.settings.everyHour },
  { value: "SIX_HOURS", label: t.settings.every6Hours },
];

export function Settings() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title(t.common.settings), [desk]);
  const session = useResource((o) => desk.caller.call("GetMacieSession", {}, o), [desk.caller]);
  const regions = useResource((o) => loadRegions(desk.caller, o), [desk.caller]);
  const s = session.data;
  const again = () => {
    session.refresh();
    regions.refresh();
  };
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={fill(t.settings.accountAccountInRegion, { account: desk.account, region: desk.region })}>{t.common.settings}</Header>
      {session.error ? (
        <Problem error={session.error} retry={again} />
      ) : (
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{fill(t.settings.macieInRegion, { region: desk.region })}</Header>}>
            {s && (
              <SpaceBetween size="m">
                <KeyValuePairs
                  columns={3}
                  items={[
                    { label: t.common.status, value: <StatusIndicator type={s.status === "ENABLED" ? "success" : "stopped"}>{s.status === "ENABLED" ? t.common.enabled : t.common.suspended}</StatusIndicator> },
                    { label: t.common.enabled, value: <When at={s.createdAt} /> },
                    { label: t.common.lastChanged, value: <When at={s.updatedAt} /> },
                  ]}
                />
                <FormField label={t.settings.howOftenPolicyFindingsThatHave}>
                  <Select
                    selectedOption={frequencies.find((f) => f.value === s.findingPublishingFrequency) ?? null}
                    options={frequencies}
                    disabled={busy === "frequency"}
                    onChange={async (e) => {
                      if (await act("frequency", () => desk.caller.call("UpdateMacieSession", { findingPublishingFrequency: e.detail.selectedOption.value as FindingPublishingFrequency }), t.common.changed)) session.refresh();
                    }}
                  />
                </FormField>
              </SpaceBetween>
            )}
          </Container>
          <Results />
          <Publication />
          <Reveal />
          <SessionTags />
          <Container header={<Header variant="h2">{t.settings.sampleFindings}</Header>}>
            <SpaceBetween size="s">
              <Box>{t.settings.oneFindingOfEachKindMarked}</Box>
              <Button
                loading={busy === "sample"}
                onClick={() => void act("sample", () => desk.caller.call("CreateSampleFindings", {}), t.settings.sampleFindingsAreMade)}
              >{t.settings.makeSampleFindings}</Button>
            </SpaceBetween>
          </Container>
          {s && (
            <Container header={<Header variant="h2">{t.settings.suspendOrDisableMacie}</Header>}>
              <SpaceBetween size="m">
                <Box>{fill(t.settings.suspendedMacieLooksAtNothingIn, { region: desk.region, region2: desk.region })}</Box>
                <SpaceBetween direction="horizontal" size="xs">
                  {s.status === "ENABLED" ? (
                    <Button
                      onClick={() =>
                        setQuestion({
                          title: fill(t.settings.suspendMacieInRegion, { region: desk.region }),
                          yes: t.common.suspend,
                          body: t.settings.runningJobsArePausedAndBuckets,
                          type: desk.account,
                          act: async () => {
                            if (await act("suspend", () => desk.caller.call("UpdateMacieSession", { status: "PAUSED" }), fill(t.settings.macieIsSuspendedInRegion, { region: desk.region }))) again();
                          },
                        })
                      }
                    >{t.common.suspendMacie}</Button>
                  ) : (
                    <Button loading={busy === "resume"} onClick={async () => { if (await act("resume", () => desk.caller.call("UpdateMacieSession", { status: "ENABLED" }), fill(t.settings.macieGoesOnInRegion, { region: desk.region }))) again(); }}>{t.common.resumeMacie}</Button>
                  )}
                  <Button
                    onClick={() =>
                      setQuestion({
                        title: fill(t.settings.disableMacieInRegion, { region: desk.region }),
                        yes: t.common.disable,
                        warning: t.common.thisCannotBeUndone,
                        body: (
                          <>{fill(t.settings.deletedForThisAccountInRegion, { region: desk.region })}</>
                        ),
                        type: desk.account,
                        act: async () => {
                          if (await act("disable", () => desk.caller.call("DisableMacie", {}), fill(t.settings.macieIsDisabledInRegion, { region: desk.region }))) again();
                        },
                      })
                    }
                  >{t.settings.disableMacie}</Button>
                </SpaceBetween>
              </SpaceBetween>
            </Container>
          )}
        </SpaceBetween>
      )}
      <Container header={<Header variant="h2">{t.settings.inAllRegions}</Header>}>
        {regions.error ? (
          <Problem error={regions.error} retry={regions.refresh} />
        ) : (
          <Table<RegionSummary>
            variant="embedded"
            loading={regions.loading && !regions.data}
            loadingText={t.common.loadingRegions}
            items={regions.data ?? []}
            empty={t.settings.macieIsEnabledInNoRegion}
            ariaLabels={{ tableLabel: t.common.regions }}
            columnDefinitions={[
              { id: "region", header: t.common.region, cell: (r) => <To href={desk.linkIn(r.region, "settings")}>{r.region}</To>, isRowHeader: true },
              { id: "status", header: t.common.macie, cell: (r) => (r.status === "ENABLED" ? t.common.enabled : r.status === "PAUSED" ? t.common.suspended : t.common.notEnabled) },
              { id: "administrator", header: t.common.administrator, cell: (r) => r.administratorAccount ?? "–" },
              { id: "members", header: t.common.accounts, cell: (r) => count(Object.values(r.members).reduce((a, b) => a + b, 0)) },
              { id: "jobs", header: t.common.runningJobs, cell: (r) => (r.runningJobs ? <To href={desk.linkIn(r.region, "jobs")}>{count(r.runningJobs)}</To> : "0") },
              { id: "invitations", header: t.settings.unansweredInvitations, cell: (r) => (r.invitations ? <To href={desk.linkIn(r.region, "invitations")}>{r.invitations}</To> : "0") },
            ]}
          />
        )}
      </Container>
      <Confirm question={question} close={() => setQuestion(null)} />
    </SpaceBetween>
  );
}

function Results() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [editing, setEditing] = useState(false);
  const [bucket, setBucket] = useState("");
  const [prefix, setPrefix] = useState("");
  const [key, setKey] = useState("");
  const now = useResource(async (o) => (await desk.caller.call("GetClassificationExportConfiguration", {}, o)).configuration?.s3Destination ?? null, [desk.caller]);
  if (!desk.built("GetClassificationExportConfiguration")) return null;
  const d = now.data;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={t.settings.whereJobsWriteWhatTheyFound}
          actions={!editing && <Button onClick={() => { setBucket(d?.bucketName ?? ""); setPrefix(d?.keyPrefix ?? ""); setKey(d?.kmsKeyArn ?? ""); setEditing(true); }}>{t.common.edit}</Button>}
        >{t.settings.repositoryOfResults}</Header>
      }
    >
      {now.error ? (
        <Problem error={now.error} retry={now.refresh} />
      ) : editing ? (
        <form
          onSubmit={async (e) => {
            e.preventDefault();
            if (await act("results", () => desk.caller.call("PutClassificationExportConfiguration", { configuration: { s3Destination: { bucketName: bucket, kmsKeyArn: key, ...(prefix ? { keyPrefix: prefix } : {}) } } }), fill(t.settings.resultsGoToBucket, { bucket: visible(bucket) }))) {
              setEditing(false);
              now.refresh();
            }
          }}
        >
          <SpaceBetween size="m">
            <FormField label={t.common.bucket}><Input value={bucket} onChange={(e) => setBucket(e.detail.value)} spellcheck={false} /></FormField>
            <FormField label={<>{rich(t.settings.prefixI, { i: <i>{t.common.optional}</i> })}</>}><Input value={prefix} onChange={(e) => setPrefix(e.detail.value)} spellcheck={false} /></FormField>
            <FormField label={t.settings.kmsKeyArn} description={t.settings.asTheApiHasItArn}><Input value={key} onChange={(e) => setKey(e.detail.value)} spellcheck={false} /></FormField>
            <SpaceBetween direction="horizontal" size="xs">
              <Button formAction="none" variant="link" onClick={() => setEditing(false)}>{t.common.cancel}</Button>
              <Button variant="primary" formAction="submit" loading={busy === "results"} disabled={!bucket || !key}>{t.common.save}</Button>
            </SpaceBetween>
          </SpaceBetween>
        </form>
      ) : d ? (
        <KeyValuePairs columns={3} items={[{ label: t.common.bucket, value: visible(d.bucketName) }, { label: t.settings.prefix, value: visible(d.keyPrefix) || "–" }, { label: t.settings.kmsKey, value: visible(d.kmsKeyArn) }]} />
      ) : (
        <Box color="text-body-secondary">{now.loading ? t.common.loading : t.settings.noneFindingsAloneAreKeptFor}</Box>
      )}
    </Container>
  );
}

function Publication() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const now = useResource(async (o) => (await desk.caller.call("GetFindingsPublicationConfiguration", {}, o)).securityHubConfiguration ?? { publishClassificationFindings: false, publishPolicyFindings: false }, [desk.caller]);
  if (!desk.built("GetFindingsPublicationConfiguration")) return null;
  const d = now.data;
  const put = async (change: { publishClassificationFindings?: boolean; publishPolicyFindings?: boolean }) => {
    if (await act("publication", () => desk.caller.call("PutFindingsPublicationConfiguration", { securityHubConfiguration: { ...d!, ...change } }), t.common.changed)) now.refresh();
  };
  return (
    <Container header={<Header variant="h2" description={t.settings.whichFindingsGoToTheAccount}>{t.settings.publication}</Header>}>
      {now.error ? (
        <Problem error={now.error} retry={now.refresh} />
      ) : (
        d && (
          <SpaceBetween size="s">
            <Checkbox disabled={!!busy} checked={!!d.publishPolicyFindings} onChange={(e) => void put({ publishPolicyFindings: e.detail.checked })}>{t.common.policyFindings}</Checkbox>
            <Checkbox disabled={!!busy} checked={!!d.publishClassificationFindings} onChange={(e) => void put({ publishClassificationFindings: e.detail.checked })}>{t.settings.findingsOfSensitiveData}</Checkbox>
          </SpaceBetween>
        )
      )}
    </Container>
  );
}

function Reveal() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const now = useResource((o) => desk.caller.call("GetRevealConfiguration", {}, o), [desk.caller]);
  if (!desk.built("GetRevealConfiguration")) return null;
  const status = now.data?.configuration?.status;
  return (
    <Container header={<Header variant="h2" description={t.settings.whetherSamplesOfTheDataThat}>{t.settings.revealSamples}</Header>}>
      {now.error ? (
        <Problem error={now.error} retry={now.refresh} />
      ) : (
        now.data && (
          <SpaceBetween size="s">
            <StatusIndicator type={status === "ENABLED" ? "success" : "stopped"}>{words(status)}</StatusIndicator>
            {status === "ENABLED" ? (
              <Button
                loading={busy === "reveal"}
                onClick={async () => {
                  if (await act("reveal", () => desk.caller.call("UpdateRevealConfiguration", { configuration: { status: "DISABLED" } }), t.settings.samplesCannotBeRevealedAnyMore)) now.refresh();
                }}
              >{t.settings.switchOff}</Button>
            ) : (
              <SpaceBetween size="s">
                <Alert type="info">{t.settings.switchedOnWhoeverMayCallGetsensitivedataoccurrences}</Alert>
                <Button
                  loading={busy === "reveal"}
                  onClick={async () => {
                    if (await act("reveal", () => desk.caller.call("UpdateRevealConfiguration", { configuration: { status: "ENABLED", ...(now.data?.configuration?.kmsKeyId ? { kmsKeyId: now.data.configuration.kmsKeyId } : {}) }, ...(now.data?.retrievalConfiguration?.retrievalMode ? { retrievalConfiguration: { retrievalMode: now.data.retrievalConfiguration.retrievalMode, ...(now.data.retrievalConfiguration.roleName ? { roleName: now.data.retrievalConfiguration.roleName } : {}) } } : {}) }), t.settings.samplesCanBeRevealed)) now.refresh();
                  }}
                >{t.settings.switchOn}</Button>
              </SpaceBetween>
            )}
          </SpaceBetween>
        )
      )}
    </Container>
  );
}


/** The name of the account's Macie in a Region, as an ARN without a type. */
const sessionArn = (region: string, account: string) => "arn:" + (region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws") + ":macie2:" + region + ":" + account + ":";

function SessionTags() {
  const desk = useDesk();
  const arn = sessionArn(desk.region, desk.account);
  const now = useResource(async (o) => (await desk.caller.call("ListTagsForResource", { resourceArn: arn }, o)).tags ?? {}, [desk.caller, arn]);
  if (!desk.built("ListTagsForResource")) return null;
  return (
    <Container header={<Header variant="h2" description={fill(t.settings.labelsOfYourOwn, { region: desk.region })}>{t.common.tags}</Header>}>
      {now.error ? <Problem error={now.error} retry={now.refresh} /> : <EditableTags arn={arn} name={fill(t.settings.macieInRegion, { region: desk.region })} tags={now.data} refresh={now.refresh} />}
    </Container>
  );
}
