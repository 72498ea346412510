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
import { useDesk } from "../session";
import { count, visible, words } from "../text/format";

const frequencies: Array<{ value: FindingPublishingFrequency; label: string }> = [
  { value: "FIFTEEN_MINUTES", label: "Every 15 minutes" },
  { value: "ONE_HOUR", label: "Every hour" },
  { value: "SIX_HOURS", label: "Every 6 hours" },
];

export function Settings() {
  const desk = useDesk();
  const { act, busy } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  useEffect(() => desk.title("Settings"), [desk]);
  const session = useResource((o) => desk.caller.call("GetMacieSession", {}, o), [desk.caller]);
  const regions = useResource((o) => loadRegions(desk.caller, o), [desk.caller]);
  const s = session.data;
  const again = () => {
    session.refresh();
    regions.refresh();
  };
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={"Account " + desk.account + " in " + desk.region}>Settings</Header>
      {session.error ? (
        <Problem error={session.error} retry={again} />
      ) : (
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">Macie in {desk.region}</Header>}>
            {s && (
              <SpaceBetween size="m">
                <KeyValuePairs
                  columns={3}
                  items={[
                    { label: "Status", value: <StatusIndicator type={s.status === "ENABLED" ? "success" : "stopped"}>{s.status === "ENABLED" ? "Enabled" : "Suspended"}</StatusIndicator> },
                    { label: "Enabled", value: <When at={s.createdAt} /> },
                    { label: "Last changed", value: <When at={s.updatedAt} /> },
                  ]}
                />
                <FormField label="How often policy findings that have changed are published">
                  <Select
                    selectedOption={frequencies.find((f) => f.value === s.findingPublishingFrequency) ?? null}
                    options={frequencies}
                    disabled={busy === "frequency"}
                    onChange={async (e) => {
                      if (await act("frequency", () => desk.caller.call("UpdateMacieSession", { findingPublishingFrequency: e.detail.selectedOption.value as FindingPublishingFrequency }), "Changed.")) session.refresh();
                    }}
                  />
                </FormField>
              </SpaceBetween>
            )}
          </Container>
          <Results />
          <Publication />
          <Reveal />
          <Container header={<Header variant="h2">Sample findings</Header>}>
            <SpaceBetween size="s">
              <Box>One finding of each kind, marked as a sample, shows what they look like and whether they reach whom they should.</Box>
              <Button
                loading={busy === "sample"}
                onClick={() => void act("sample", () => desk.caller.call("CreateSampleFindings", {}), "Sample findings are made.")}
              >
                Make sample findings
              </Button>
            </SpaceBetween>
          </Container>
          {s && (
            <Container header={<Header variant="h2">Suspend or disable Macie</Header>}>
              <SpaceBetween size="m">
                <Box>Suspended, Macie looks at nothing in {desk.region}, and everything stays. Disabled, everything of this account in {desk.region} is deleted.</Box>
                <SpaceBetween direction="horizontal" size="xs">
                  {s.status === "ENABLED" ? (
                    <Button
                      onClick={() =>
                        setQuestion({
                          title: "Suspend Macie in " + desk.region + "?",
                          yes: "Suspend",
                          body: "Running jobs are paused, and buckets are not watched until you resume. Nothing is deleted.",
                          type: desk.account,
                          act: async () => {
                            if (await act("suspend", () => desk.caller.call("UpdateMacieSession", { status: "PAUSED" }), "Macie is suspended in " + desk.region + ".")) again();
                          },
                        })
                      }
                    >
                      Suspend Macie
                    </Button>
                  ) : (
                    <Button loading={busy === "resume"} onClick={async () => { if (await act("resume", () => desk.caller.call("UpdateMacieSession", { status: "ENABLED" }), "Macie goes on in " + desk.region + ".")) again(); }}>Resume Macie</Button>
                  )}
                  <Button
                    onClick={() =>
                      setQuestion({
                        title: "Disable Macie in " + desk.region + "?",
                        yes: "Disable",
                        warning: "This cannot be undone.",
                        body: (
                          <>
                            Deleted, for this account in {desk.region}: its findings and rules, jobs, custom data identifiers, allow lists, and the relationship with its members or administrator. Results in your own buckets stay.
                          </>
                        ),
                        type: desk.account,
                        act: async () => {
                          if (await act("disable", () => desk.caller.call("DisableMacie", {}), "Macie is disabled in " + desk.region + ".")) again();
                        },
                      })
                    }
                  >
                    Disable Macie
                  </Button>
                </SpaceBetween>
              </SpaceBetween>
            </Container>
          )}
        </SpaceBetween>
      )}
      <Container header={<Header variant="h2">In all Regions</Header>}>
        {regions.error ? (
          <Problem error={regions.error} retry={regions.refresh} />
        ) : (
          <Table<RegionSummary>
            variant="embedded"
            loading={regions.loading && !regions.data}
            loadingText="Loading Regions"
            items={regions.data ?? []}
            empty="Macie is enabled in no Region."
            ariaLabels={{ tableLabel: "Regions" }}
            columnDefinitions={[
              { id: "region", header: "Region", cell: (r) => <To href={desk.linkIn(r.region, "settings")}>{r.region}</To>, isRowHeader: true },
              { id: "status", header: "Macie", cell: (r) => (r.status === "ENABLED" ? "Enabled" : r.status === "PAUSED" ? "Suspended" : "Not enabled") },
              { id: "administrator", header: "Administrator", cell: (r) => r.administratorAccount ?? "–" },
              { id: "members", header: "Accounts", cell: (r) => count(Object.values(r.members).reduce((a, b) => a + b, 0)) },
              { id: "jobs", header: "Running jobs", cell: (r) => (r.runningJobs ? <To href={desk.linkIn(r.region, "jobs")}>{count(r.runningJobs)}</To> : "0") },
              { id: "invitations", header: "Unanswered invitations", cell: (r) => (r.invitations ? <To href={desk.linkIn(r.region, "invitations")}>{r.invitations}</To> : "0") },
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
          description="Where jobs write what they found, with places, object by object."
          actions={!editing && <Button onClick={() => { setBucket(d?.bucketName ?? ""); setPrefix(d?.keyPrefix ?? ""); setKey(d?.kmsKeyArn ?? ""); setEditing(true); }}>Edit</Button>}
        >
          Repository of results
        </Header>
      }
    >
      {now.error ? (
        <Problem error={now.error} retry={now.refresh} />
      ) : editing ? (
        <form
          onSubmit={async (e) => {
            e.preventDefault();
            if (await act("results", () => desk.caller.call("PutClassificationExportConfiguration", { configuration: { s3Destination: { bucketName: bucket, kmsKeyArn: key, ...(prefix ? { keyPrefix: prefix } : {}) } } }), "Results go to " + visible(bucket) + ".")) {
              setEditing(false);
              now.refresh();
            }
          }}
        >
          <SpaceBetween size="m">
            <FormField label="Bucket"><Input value={bucket} onChange={(e) => setBucket(e.detail.value)} spellcheck={false} /></FormField>
            <FormField label={<>Prefix <i>- optional</i></>}><Input value={prefix} onChange={(e) => setPrefix(e.detail.value)} spellcheck={false} /></FormField>
            <FormField label="KMS key ARN" description="As the API has it: arn:aws:kms:…"><Input value={key} onChange={(e) => setKey(e.detail.value)} spellcheck={false} /></FormField>
            <SpaceBetween direction="horizontal" size="xs">
              <Button formAction="none" variant="link" onClick={() => setEditing(false)}>Cancel</Button>
              <Button variant="primary" formAction="submit" loading={busy === "results"} disabled={!bucket || !key}>Save</Button>
            </SpaceBetween>
          </SpaceBetween>
        </form>
      ) : d ? (
        <KeyValuePairs columns={3} items={[{ label: "Bucket", value: visible(d.bucketName) }, { label: "Prefix", value: visible(d.keyPrefix) || "–" }, { label: "KMS key", value: visible(d.kmsKeyArn) }]} />
      ) : (
        <Box color="text-body-secondary">{now.loading ? "Loading" : "None: findings alone are kept, for 90 days."}</Box>
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
    if (await act("publication", () => desk.caller.call("PutFindingsPublicationConfiguration", { securityHubConfiguration: { ...d!, ...change } }), "Changed.")) now.refresh();
  };
  return (
    <Container header={<Header variant="h2" description="Which findings go to the account's destinations of Security Hub's kind, where the operator has set some up.">Publication</Header>}>
      {now.error ? (
        <Problem error={now.error} retry={now.refresh} />
      ) : (
        d && (
          <SpaceBetween size="s">
            <Checkbox disabled={!!busy} checked={!!d.publishPolicyFindings} onChange={(e) => void put({ publishPolicyFindings: e.detail.checked })}>Policy findings</Checkbox>
            <Checkbox disabled={!!busy} checked={!!d.publishClassificationFindings} onChange={(e) => void put({ publishClassificationFindings: e.detail.checked })}>Findings of sensitive data</Checkbox>
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
    <Container header={<Header variant="h2" description="Whether samples of the data that was found can be shown, to those who may ask for them.">Reveal samples</Header>}>
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
                  if (await act("reveal", () => desk.caller.call("UpdateRevealConfiguration", { configuration: { status: "DISABLED" } }), "Samples cannot be revealed any more.")) now.refresh();
                }}
              >
                Switch off
              </Button>
            ) : (
              <SpaceBetween size="s">
                <Alert type="info">Switched on, whoever may call GetSensitiveDataOccurrences sees up to ten real values of a finding, read from the object at that moment.</Alert>
                <Button
                  loading={busy === "reveal"}
                  onClick={async () => {
                    if (await act("reveal", () => desk.caller.call("UpdateRevealConfiguration", { configuration: { status: "ENABLED", ...(now.data?.configuration?.kmsKeyId ? { kmsKeyId: now.data.configuration.kmsKeyId } : {}) }, ...(now.data?.retrievalConfiguration?.retrievalMode ? { retrievalConfiguration: { retrievalMode: now.data.retrievalConfiguration.retrievalMode, ...(now.data.retrievalConfiguration.roleName ? { roleName: now.data.retrievalConfiguration.roleName } : {}) } } : {}) }), "Samples can be revealed.")) now.refresh();
                  }}
                >
                  Switch on
                </Button>
              </SpaceBetween>
            )}
          </SpaceBetween>
        )
      )}
    </Container>
  );
}

