// Buckets: who can reach them, how they are protected, what was found in them, what was never looked at.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Tabs from "@cloudscape-design/components/tabs";
import Spinner from "@cloudscape-design/components/spinner";
import { lazy, Suspense, useEffect, useState } from "react";
import { all, CallError } from "../api/call";
import type { BucketMetadata } from "../api/macie2.gen";
import { Theirs, To, When } from "../parts/bits";
import { JobState } from "../parts/job-state";
import { Problem, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { type Column, Rows } from "../parts/rows";
import { Tags } from "../parts/tags";
import { navigate, setQuery, useRoute } from "../route";
import { useDesk } from "../session";
import { bytes, count, counted, visible, words } from "../text/format";
import { Sensitivity } from "./automated-discovery";
import { FindingsOf } from "./findings";

const BucketMap = lazy(() => import("./bucket-map"));

const most = 10_000;

export const useBuckets = () => {
  const desk = useDesk();
  return useResource((o) => all(desk.caller, "DescribeBuckets", { maxResults: 50 }, (p) => p.buckets, { ...o, most }), [desk.caller]);
};

export const publicWords: { [key: string]: string } = { PUBLIC: "Public", NOT_PUBLIC: "Not public", UNKNOWN: "Unknown" };
const sharedWords: { [key: string]: string } = { EXTERNAL: "With outsiders", INTERNAL: "In the organization", NOT_SHARED: "Not shared", UNKNOWN: "Unknown" };
const encryptionWords: { [key: string]: string } = { NONE: "None", AES256: "S3 managed", "aws:kms": "KMS", "aws:kms:dsse": "KMS, dual layer" };

export function Public({ value }: { value: string | undefined }) {
  return <StatusIndicator type={value === "PUBLIC" ? "error" : value === "NOT_PUBLIC" ? "success" : "pending"}>{publicWords[value ?? ""] ?? "Unknown"}</StatusIndicator>;
}

/** The score of a bucket's sensitivity in words. */
export function sensitivity(score: number | undefined): string {
  if (score === undefined) return "–";
  if (score < 0) return "Classification error";
  if (score >= 51) return "Sensitive";
  if (score === 50) return "Not yet analysed";
  return "Not sensitive";
}

const unclassifiable = "Not all can be analysed";
const failed = (b: BucketMetadata) => !b.errorCode && (b.sensitivityScore ?? 0) < 0;
const partly = (b: BucketMetadata) => (b.unclassifiableObjectCount?.total ?? 0) > 0;
const issue = (b: BucketMetadata) => (b.errorCode ? words(b.errorCode) : failed(b) ? "Classification error" : partly(b) ? unclassifiable : "–");

/** What stands in the way of knowing a bucket, as tabs of the coverage. */
const issues: Array<{ id: string; text: string; fits: (b: BucketMetadata) => boolean }> = [
  { id: "", text: "All", fits: () => true },
  { id: "denied", text: "Access denied", fits: (b) => b.errorCode === "ACCESS_DENIED" },
  { id: "error", text: "Classification error", fits: failed },
  { id: "unclassifiable", text: "Unclassifiable", fits: partly },
];

function remedyFor(b: BucketMetadata): string {
  if (b.errorCode === "ACCESS_DENIED") return "Let the store's credentials read the bucket's settings and its objects.";
  if (b.errorCode) return "Fewer buckets, or more accounts: Macie watches 10,000 buckets of an account.";
  if (failed(b)) return "The bucket's page has the objects and their results; most often they are encrypted with a key that the store's credentials may not use.";
  if (partly(b)) return "Nothing, where files of that type or storage class need not be known; else copy them into one that can be read.";
  return "–";
}

const encryption = (b: BucketMetadata) => encryptionWords[b.serverSideEncryption?.type ?? ""] ?? "Unknown";

export function Buckets() {
  const desk = useDesk();
  const route = useRoute();
  const view = route.query.get("view") ?? "";
  const coverage = view === "coverage", map = view === "map";
  const [selected, setSelected] = useState<BucketMetadata[]>([]);
  useEffect(() => desk.title("Buckets"), [desk]);
  const { act } = useAct();
  const every = useBuckets();
  const wanted = coverage ? (issues.find((i) => i.id === route.query.get("issue")) ?? issues[0]!) : undefined;
  const buckets = { ...every, data: wanted && every.data ? every.data.filter(wanted.fits) : every.data };
  // Automated discovery leaves out the buckets of its scope, whichever account they are of.
  const scope = async (operation: "ADD" | "REMOVE") => {
    const names = [...new Set(selected.map((b) => b.bucketName!))];
    const ok = await act(
      "scope",
      async () => {
        const id = (await desk.caller.call("GetAutomatedDiscoveryConfiguration", {})).classificationScopeId;
        if (!id) throw new CallError(400, "ValidationException", "Automated discovery was never enabled here, so there is nothing to leave out.");
        await desk.caller.call("UpdateClassificationScope", { id, s3: { excludes: { bucketNames: names, operation } } });
      },
      operation === "ADD" ? counted(names.length, "bucket is", "buckets are") + " left out of automated discovery." : counted(names.length, "bucket is", "buckets are") + " looked into by automated discovery again.",
    );
    if (ok) setSelected([]);
  };
  const link: Column<BucketMetadata> = {
    id: "bucket",
    header: "Bucket",
    value: (b) => visible(b.bucketName),
    cell: (b) => <To href={desk.link("buckets", b.bucketName ?? "") + "?account=" + (b.accountId ?? "")}><Theirs text={b.bucketName} /></To>,
    width: 220,
  };
  const account: Column<BucketMetadata> = { id: "account", header: "Account", value: (b) => b.accountId ?? "", width: 140 };
  const columns: Column<BucketMetadata>[] = coverage
    ? [
        link,
        account,
        { id: "issue", header: "Issue", value: issue, cell: (b) => <StatusIndicator type={issue(b) === "–" ? "success" : issue(b) === unclassifiable ? "warning" : "error"}>{issue(b) === "–" ? "None" : issue(b)}</StatusIndicator>, width: 190 },
        { id: "remedy", header: "What to do", value: remedyFor, cell: (b) => <Box variant="span">{remedyFor(b)}</Box>, filter: false, width: 300 },
        { id: "what", header: "What the store said", value: (b) => visible(b.errorMessage) || "–", cell: (b) => <Theirs text={b.errorMessage} />, filter: false, width: 240 },
        { id: "unclassifiable", header: "Cannot be analysed", value: (b) => b.unclassifiableObjectCount?.total ?? 0, cell: (b) => count(b.unclassifiableObjectCount?.total), filter: false, width: 160 },
        { id: "updated", header: "Looked at", time: (b) => b.lastUpdated },
      ]
    : [
        link,
        { id: "sensitivity", header: "Sensitivity", value: (b) => sensitivity(b.sensitivityScore), cell: (b) => sensitivity(b.sensitivityScore) + ((b.sensitivityScore ?? -1) >= 0 ? " (" + b.sensitivityScore + ")" : ""), width: 170 },
        account,
        { id: "public", header: "Public", value: (b) => publicWords[b.publicAccess?.effectivePermission ?? ""] ?? "Unknown", cell: (b) => <Public value={b.publicAccess?.effectivePermission} />, width: 130 },
        { id: "shared", header: "Shared", value: (b) => sharedWords[b.sharedAccess ?? ""] ?? "Unknown", width: 140 },
        { id: "objects", header: "Can be analysed", value: (b) => b.classifiableObjectCount ?? 0, cell: (b) => count(b.classifiableObjectCount) + " of " + count(b.objectCount), filter: false, width: 140 },
        { id: "size", header: "Size", value: (b) => b.sizeInBytes ?? 0, cell: (b) => bytes(b.sizeInBytes), filter: false, width: 100 },
        { id: "encryption", header: "Encryption", value: encryption, width: 120 },
        { id: "job", header: "In a job", value: (b) => words(b.jobDetails?.isDefinedInJob), width: 110, hidden: true },
        { id: "run", header: "Last run", time: (b) => b.jobDetails?.lastJobRunTime, hidden: true },
        { id: "issue", header: "Issue", value: issue, width: 140, hidden: true },
      ];
  return (
    <Rows<BucketMetadata>
      key={String(coverage)}
      picture={map ? (rows) => <Suspense fallback={<Spinner />}><BucketMap buckets={rows} /></Suspense> : undefined}
      h1
      name="Buckets"
      id={coverage ? "coverage" : "buckets"}
      description={"Of this account and its members, in " + desk.region + "."}
      rows={buckets}
      rowId={(b) => b.accountId + "/" + b.bucketName}
      select="multi"
      selected={selected}
      onSelect={setSelected}
      selectionName={(b) => visible(b.bucketName)}
      note={buckets.data && buckets.data.length >= most ? "the first " + count(most) : ""}
      empty={{ title: "No buckets", text: "Buckets are those of the object stores that the operator has connected: magpie store add." }}
      more={
        <SpaceBetween direction="horizontal" size="m">
        <SegmentedControl
          label="View"
          selectedId={coverage ? "coverage" : map ? "map" : "table"}
          onChange={(e) => setQuery("view", e.detail.selectedId === "table" ? "" : e.detail.selectedId)}
          options={[
            { id: "table", text: "Exposure" },
            { id: "map", text: "Map" },
            { id: "coverage", text: "Coverage" },
          ]}
        />
        {wanted && <SegmentedControl label="Issue" selectedId={wanted.id || "all"} onChange={(e) => setQuery("issue", e.detail.selectedId === "all" ? "" : e.detail.selectedId)} options={issues.map((i) => ({ id: i.id || "all", text: i.text + (every.data ? " (" + count(every.data.filter(i.fits).length) + ")" : "") }))} />}
        </SpaceBetween>
      }
      actions={
        <SpaceBetween direction="horizontal" size="xs">
        {desk.built("GetAutomatedDiscoveryConfiguration", "UpdateClassificationScope") && (
          <ButtonDropdown
            disabled={!selected.length}
            items={[
              { id: "ADD", text: "Exclude from automated discovery" },
              { id: "REMOVE", text: "Include in automated discovery" },
            ]}
            onItemClick={(e) => void scope(e.detail.id as "ADD" | "REMOVE")}
          >
            Actions
          </ButtonDropdown>
        )}
        <Button
          variant="primary"
          disabled={!selected.length || !desk.built("CreateClassificationJob")}
          onClick={() => {
            sessionStorage.setItem("magpie.job-buckets", JSON.stringify(selected.map((b) => [b.accountId, b.bucketName])));
            navigate(desk.link("jobs", "create"));
          }}
        >
          Create job
        </Button>
        </SpaceBetween>
      }
      columns={columns}
    />
  );
}

/** The jobs that name the bucket, and those by criteria, which may look into it. */
function JobsOf({ account, bucket }: { account: string; bucket: string }) {
  const desk = useDesk();
  const jobs = useResource(
    async (o) => (await all(desk.caller, "ListClassificationJobs", { maxResults: 200, sortCriteria: { attributeName: "createdAt", orderBy: "DESC" } }, (p) => p.items, { ...o, most: 5000 })).filter((j) => !j.bucketDefinitions?.length || j.bucketDefinitions.some((d) => d.accountId === account && d.buckets.includes(bucket))),
    [desk.caller, account, bucket],
  );
  return (
    <Rows
      name="Jobs of this bucket"
      id="bucket-jobs"
      query="jobs"
      rows={jobs}
      rowId={(j) => j.jobId ?? ""}
      empty={{ title: "No jobs", text: "No job looks into this bucket." }}
      columns={[
        { id: "name", header: "Name", value: (j) => visible(j.name), cell: (j) => <To href={desk.link("jobs", j.jobId ?? "")}><Theirs text={j.name} /></To>, width: 280 },
        { id: "status", header: "Status", value: (j) => words(j.jobStatus), cell: (j) => <JobState status={j.jobStatus} />, width: 180 },
        { id: "how", header: "Buckets", value: (j) => (j.bucketDefinitions?.length ? "Named" : "By criteria"), width: 140 },
        { id: "created", header: "Created", time: (j) => j.createdAt },
      ]}
    />
  );
}

const reasons: Array<[string, string]> = [
  ["blockPublicAcls", "Blocks public ACLs"],
  ["ignorePublicAcls", "Ignores public ACLs"],
  ["blockPublicPolicy", "Blocks public policies"],
  ["restrictPublicBuckets", "Restricts public buckets"],
];

export function Bucket({ id }: { id: string }) {
  const desk = useDesk();
  const route = useRoute();
  const account = route.query.get("account");
  useEffect(() => desk.title("Bucket " + visible(id)), [desk, id]);
  const found = useResource(
    async (o) => {
      const list = await all(desk.caller, "DescribeBuckets", { maxResults: 50, criteria: { bucketName: { eq: [id] }, ...(account ? { accountId: { eq: [account] } } : {}) } }, (p) => p.buckets, o);
      if (!list[0]) throw new CallError(404, "ResourceNotFoundException", "There is no such bucket in this account or its members' in " + desk.region + ".");
      return list[0];
    },
    [desk.caller, id, account],
  );
  if (found.error) return <Problem error={found.error} retry={found.refresh} />;
  const b = found.data;
  if (!b) return <Header variant="h1"><Theirs text={id} /></Header>;
  const p = b.publicAccess?.permissionConfiguration;
  const level = p?.bucketLevelPermissions;
  const yes = (v: boolean | undefined) => (v === undefined ? "Unknown" : v ? "Yes" : "No");
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h1"
            actions={
              <Button
                disabled={!desk.built("CreateClassificationJob")}
                onClick={() => {
                  sessionStorage.setItem("magpie.job-buckets", JSON.stringify([[b.accountId, b.bucketName]]));
                  navigate(desk.link("jobs", "create"));
                }}
              >
                Create job
              </Button>
            }
          >
            <Theirs text={b.bucketName} />
          </Header>
        }
      >
        <SpaceBetween size="m">
          {b.errorCode && (
            <Alert type="error" header={words(b.errorCode)}>
              {visible(b.errorMessage)}
            </Alert>
          )}
          <KeyValuePairs
            columns={4}
            items={[
              { label: "Public", value: <Public value={b.publicAccess?.effectivePermission} /> },
              { label: "Shared", value: sharedWords[b.sharedAccess ?? ""] ?? "Unknown" },
              { label: "Encryption by default", value: encryption(b) },
              { label: "Takes unencrypted objects", value: words(b.allowsUnencryptedObjectUploads) },
              { label: "Objects", value: count(b.objectCount) },
              { label: "Can be analysed", value: count(b.classifiableObjectCount) + " (" + bytes(b.classifiableSizeInBytes) + ")" },
              { label: "Size", value: bytes(b.sizeInBytes) },
              { label: "Versioning", value: yes(b.versioning) },
              { label: "Account", value: b.accountId },
              { label: "In a job", value: b.jobDetails?.lastJobId && desk.built("DescribeClassificationJob") ? <To href={desk.link("jobs", b.jobDetails.lastJobId)}>{words(b.jobDetails.isDefinedInJob)}</To> : words(b.jobDetails?.isDefinedInJob) },
              { label: "Last run", value: <When at={b.jobDetails?.lastJobRunTime} /> },
              { label: "Looked at", value: <When at={b.lastUpdated} /> },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Tabs
        ariaLabel="Bucket"
        tabs={[
          ...(desk.built("ListFindings") ? [{ id: "findings", label: "Findings", content: <FindingsOf name="Findings of this bucket" criterion={{ "resourcesAffected.s3Bucket.name": { eq: [b.bucketName!] } }} /> }] : []),
          ...(desk.built("ListClassificationJobs") ? [{ id: "jobs", label: "Jobs", content: <JobsOf account={b.accountId ?? ""} bucket={b.bucketName ?? ""} /> }] : []),
          ...(desk.built("GetResourceProfile", "ListResourceProfileDetections", "ListResourceProfileArtifacts") && b.bucketArn ? [{ id: "sensitivity", label: "Sensitivity", content: <Sensitivity arn={b.bucketArn} /> }] : []),
          {
            id: "access",
            label: "Access",
            content: (
              <Container header={<Header variant="h2" description="How it was found who can reach the bucket.">Access</Header>}>
                <SpaceBetween size="m">
                  <KeyValuePairs
                    columns={2}
                    items={[
                      { label: "ACL lets everybody read", value: yes(level?.accessControlList?.allowsPublicReadAccess) },
                      { label: "ACL lets everybody write", value: yes(level?.accessControlList?.allowsPublicWriteAccess) },
                      { label: "Policy lets everybody read", value: yes(level?.bucketPolicy?.allowsPublicReadAccess) },
                      { label: "Policy lets everybody write", value: yes(level?.bucketPolicy?.allowsPublicWriteAccess) },
                      { label: "Replicated to other accounts", value: yes(b.replicationDetails?.replicatedExternally) },
                      { label: "Accounts that it is replicated to", value: b.replicationDetails?.replicationAccounts?.join(", ") || "–" },
                    ]}
                  />
                  <Table
                    variant="embedded"
                    ariaLabels={{ tableLabel: "Block public access" }}
                    items={reasons}
                    columnDefinitions={[
                      { id: "what", header: "Block public access", cell: ([, text]) => text, isRowHeader: true },
                      { id: "bucket", header: "Bucket", cell: ([key]) => yes((level?.blockPublicAccess as { [k: string]: boolean } | undefined)?.[key]) },
                      { id: "account", header: "Account", cell: ([key]) => yes((p?.accountLevelPermissions?.blockPublicAccess as { [k: string]: boolean } | undefined)?.[key]) },
                    ]}
                  />
                </SpaceBetween>
              </Container>
            ),
          },
          {
            id: "objects",
            label: "Objects",
            content: (
              <Container header={<Header variant="h2">What is not analysed, and why</Header>}>
                <SpaceBetween size="m">
                  <KeyValuePairs
                    columns={3}
                    items={[
                      { label: "By type of file", value: count(b.unclassifiableObjectCount?.fileType) + " (" + bytes(b.unclassifiableObjectSizeInBytes?.fileType) + ")" },
                      { label: "By storage class", value: count(b.unclassifiableObjectCount?.storageClass) + " (" + bytes(b.unclassifiableObjectSizeInBytes?.storageClass) + ")" },
                      { label: "Together", value: count(b.unclassifiableObjectCount?.total) + " (" + bytes(b.unclassifiableObjectSizeInBytes?.total) + ")" },
                    ]}
                  />
                  <Header variant="h3">Encryption of the objects</Header>
                  <KeyValuePairs
                    columns={4}
                    items={[
                      { label: "KMS", value: count((b.objectCountByEncryptionType?.kmsManaged ?? 0) + (b.objectCountByEncryptionType?.customerManaged ?? 0)) },
                      { label: "S3 managed", value: count(b.objectCountByEncryptionType?.s3Managed) },
                      { label: "None", value: count(b.objectCountByEncryptionType?.unencrypted) },
                      { label: "Unknown", value: count(b.objectCountByEncryptionType?.unknown) },
                    ]}
                  />
                </SpaceBetween>
              </Container>
            ),
          },
          {
            id: "about",
            label: "About",
            content: (
              <Container>
                <SpaceBetween size="m">
                  <KeyValuePairs columns={2} items={[{ label: "ARN", value: <span className="mono">{visible(b.bucketArn)}</span> }, { label: "Created", value: <When at={b.bucketCreatedAt} /> }, { label: "Region of the store", value: visible(b.region) }, { label: "Tags", value: <Tags tags={b.tags} /> }]} />
                  <Box variant="small">Buckets are looked at once a day, and again when they are shown and the last look is older than five minutes.</Box>
                </SpaceBetween>
              </Container>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}
