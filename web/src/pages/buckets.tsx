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
import { NoPage, useAct } from "../parts/problem";
import { useResource } from "../parts/resource";
import { type Column, Rows } from "../parts/rows";
import { Tags } from "../parts/tags";
import { navigate, setQuery, useRoute } from "../route";
import { useDesk } from "../session";
import { bytes, count, counted, visible, words } from "../text/format";
import { Sensitivity } from "./automated-discovery";
import { FindingsOf } from "./findings";
import { fill, t } from "../text";

const BucketMap = lazy(() => import("./bucket-map"));

const most = 10_000;

export const useBuckets = () => {
  const desk = useDesk();
  return useResource((o) => all(desk.caller, "DescribeBuckets", { maxResults: 50 }, (p) => p.buckets, { ...o, most }), [desk.caller]);
};

export const publicWords: { [key: string]: string } = { PUBLIC: t.common.public, NOT_PUBLIC: t.buckets.notPublic, UNKNOWN: t.common.unknown };
const sharedWords: { [key: string]: string } = { EXTERNAL: t.common.withOutsiders, INTERNAL: t.buckets.inTheOrganization, NOT_SHARED: t.buckets.notShared, UNKNOWN: t.common.unknown };
const encryptionWords: { [key: string]: string } = { NONE: t.common.none, AES256: t.buckets.s3Managed, "aws:kms": "KMS", "aws:kms:dsse": t.buckets.kmsDualLayer };

export function Public({ value }: { value: string | undefined }) {
  return <StatusIndicator type={value === "PUBLIC" ? "error" : value === "NOT_PUBLIC" ? "success" : "pending"}>{publicWords[value ?? ""] ?? t.common.unknown}</StatusIndicator>;
}

/** The score of a bucket's sensitivity in words. */
export function sensitivity(score: number | undefined): string {
  if (score === undefined) return "–";
  if (score < 0) return t.common.classificationError;
  if (score >= 51) return t.common.sensitive;
  if (score === 50) return t.common.notYetAnalysed;
  return t.common.notSensitive;
}

const unclassifiable = t.buckets.notAllCanBeAnalysed;
const failed = (b: BucketMetadata) => !b.errorCode && (b.sensitivityScore ?? 0) < 0;
const partly = (b: BucketMetadata) => (b.unclassifiableObjectCount?.total ?? 0) > 0;
const issue = (b: BucketMetadata) => (b.errorCode ? words(b.errorCode) : failed(b) ? t.common.classificationError : partly(b) ? unclassifiable : "–");

/** What stands in the way of knowing a bucket, as tabs of the coverage. */
const issues: Array<{ id: string; text: string; fits: (b: BucketMetadata) => boolean }> = [
  { id: "", text: t.common.all, fits: () => true },
  { id: "denied", text: t.buckets.accessDenied, fits: (b) => b.errorCode === "ACCESS_DENIED" },
  { id: "error", text: t.common.classificationError, fits: failed },
  { id: "unclassifiable", text: t.buckets.unclassifiable, fits: partly },
];

function remedyFor(b: BucketMetadata): string {
  if (b.errorCode === "ACCESS_DENIED") return t.buckets.letTheStoreSCredentialsRead;
  if (b.errorCode) return t.buckets.fewerBucketsOrMoreAccountsMacie;
  if (failed(b)) return t.buckets.theBucketSPageHasThe;
  if (partly(b)) return t.buckets.nothingWhereFilesOfThatType;
  return "–";
}

const encryption = (b: BucketMetadata) => encryptionWords[b.serverSideEncryption?.type ?? ""] ?? t.common.unknown;

export function Buckets() {
  const desk = useDesk();
  const route = useRoute();
  const view = route.query.get("view") ?? "";
  const coverage = view === "coverage", map = view === "map";
  const [selected, setSelected] = useState<BucketMetadata[]>([]);
  useEffect(() => desk.title(t.common.buckets), [desk]);
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
        if (!id) throw new CallError(400, "ValidationException", t.buckets.automatedDiscoveryWasNeverEnabledHere);
        await desk.caller.call("UpdateClassificationScope", { id, s3: { excludes: { bucketNames: names, operation } } });
      },
      operation === "ADD" ? fill(t.buckets.namesLeftOutOfAutomatedDiscovery, { names: counted(names.length, t.buckets.countBucketsAre) }) : fill(t.buckets.namesLookedIntoByAutomatedDiscovery, { names: counted(names.length, t.buckets.countBucketsAre) }),
    );
    if (ok) setSelected([]);
  };
  const link: Column<BucketMetadata> = {
    id: "bucket",
    header: t.common.bucket,
    value: (b) => visible(b.bucketName),
    cell: (b) => <To href={desk.link("buckets", b.bucketName ?? "") + "?account=" + (b.accountId ?? "")}><Theirs text={b.bucketName} /></To>,
    width: 195,
  };
  const account: Column<BucketMetadata> = { id: "account", header: t.common.account, value: (b) => b.accountId ?? "", width: 140 };
  const columns: Column<BucketMetadata>[] = coverage
    ? [
        link,
        account,
        { id: "issue", header: t.common.issue, value: issue, cell: (b) => <StatusIndicator type={issue(b) === "–" ? "success" : issue(b) === unclassifiable ? "warning" : "error"}>{issue(b) === "–" ? t.common.none : issue(b)}</StatusIndicator>, width: 190 },
        { id: "remedy", header: t.common.whatToDo, value: remedyFor, cell: (b) => <Box variant="span">{remedyFor(b)}</Box>, filter: false, width: 300 },
        { id: "what", header: t.common.whatTheStoreSaid, value: (b) => visible(b.errorMessage) || "–", cell: (b) => <Theirs text={b.errorMessage} />, filter: false, width: 240 },
        { id: "unclassifiable", header: t.common.cannotBeAnalysed, value: (b) => b.unclassifiableObjectCount?.total ?? 0, cell: (b) => count(b.unclassifiableObjectCount?.total), filter: false, width: 160 },
        { id: "updated", header: t.buckets.lookedAt, time: (b) => b.lastUpdated },
      ]
    : [
        link,
        { id: "sensitivity", header: t.common.sensitivity, value: (b) => sensitivity(b.sensitivityScore), cell: (b) => sensitivity(b.sensitivityScore) + ((b.sensitivityScore ?? -1) >= 0 ? " (" + b.sensitivityScore + ")" : ""), width: 195 },
        account,
        { id: "public", header: t.common.public, value: (b) => publicWords[b.publicAccess?.effectivePermission ?? ""] ?? t.common.unknown, cell: (b) => <Public value={b.publicAccess?.effectivePermission} />, width: 130 },
        { id: "shared", header: t.common.shared, value: (b) => sharedWords[b.sharedAccess ?? ""] ?? t.common.unknown, width: 140 },
        { id: "objects", header: t.common.canBeAnalysed, value: (b) => b.classifiableObjectCount ?? 0, cell: (b) => fill(t.buckets.classifiableobjectcountOfObjectcount, { classifiableObjectCount: count(b.classifiableObjectCount), objectCount: count(b.objectCount) }), filter: false, width: 140 },
        { id: "size", header: t.common.size, value: (b) => b.sizeInBytes ?? 0, cell: (b) => bytes(b.sizeInBytes), filter: false, width: 100 },
        { id: "encryption", header: t.common.encryption, value: encryption, width: 120 },
        { id: "job", header: t.buckets.inAJob, value: (b) => words(b.jobDetails?.isDefinedInJob), width: 110, hidden: true },
        { id: "run", header: t.common.lastRun, time: (b) => b.jobDetails?.lastJobRunTime, hidden: true },
        { id: "issue", header: t.common.issue, value: issue, width: 140, hidden: true },
      ];
  return (
    <Rows<BucketMetadata>
      key={String(coverage)}
      picture={map ? (rows) => <Suspense fallback={<Spinner />}><BucketMap buckets={rows} /></Suspense> : undefined}
      h1
      name={t.common.buckets}
      id={coverage ? "coverage" : "buckets"}
      description={fill(t.common.ofThisAccountAndItsMembers, { region: desk.region })}
      rows={buckets}
      rowId={(b) => b.accountId + "/" + b.bucketName}
      select="multi"
      selected={selected}
      onSelect={setSelected}
      selectionName={(b) => visible(b.bucketName)}
      note={buckets.data && buckets.data.length >= most ? fill(t.buckets.theFirstMost, { most: count(most) }) : ""}
      empty={{ title: t.common.noBuckets, text: t.buckets.bucketsAreThoseOfTheObject }}
      more={
        <SpaceBetween direction="horizontal" size="m">
        <SegmentedControl
          label={t.common.view}
          selectedId={coverage ? "coverage" : map ? "map" : "table"}
          onChange={(e) => setQuery("view", e.detail.selectedId === "table" ? "" : e.detail.selectedId)}
          options={[
            { id: "table", text: t.buckets.exposure },
            { id: "map", text: t.buckets.map },
            { id: "coverage", text: t.common.coverage },
          ]}
        />
        {wanted && <SegmentedControl label={t.common.issue} selectedId={wanted.id || "all"} onChange={(e) => setQuery("issue", e.detail.selectedId === "all" ? "" : e.detail.selectedId)} options={issues.map((i) => ({ id: i.id || "all", text: i.text + (every.data ? " (" + count(every.data.filter(i.fits).length) + ")" : "") }))} />}
        </SpaceBetween>
      }
      actions={
        <SpaceBetween direction="horizontal" size="xs">
        {desk.built("GetAutomatedDiscoveryConfiguration", "UpdateClassificationScope") && (
          <ButtonDropdown
            disabled={!selected.length}
            items={[
              { id: "ADD", text: t.buckets.excludeFromAutomatedDiscovery },
              { id: "REMOVE", text: t.buckets.includeInAutomatedDiscovery },
            ]}
            onItemClick={(e) => void scope(e.detail.id as "ADD" | "REMOVE")}
          >{t.common.actions}</ButtonDropdown>
        )}
        <Button
          variant="primary"
          disabled={!selected.length || !desk.built("CreateClassificationJob")}
          onClick={() => {
            sessionStorage.setItem("magpie.job-buckets", JSON.stringify(selected.map((b) => [b.accountId, b.bucketName])));
            navigate(desk.link("jobs", "create"));
          }}
        >{t.common.createJob}</Button>
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
      name={t.buckets.jobsOfThisBucket}
      id="bucket-jobs"
      query="jobs"
      rows={jobs}
      rowId={(j) => j.jobId ?? ""}
      empty={{ title: t.common.noJobs, text: t.buckets.noJobLooksIntoThisBucket }}
      columns={[
        { id: "name", header: t.common.name, value: (j) => visible(j.name), cell: (j) => <To href={desk.link("jobs", j.jobId ?? "")}><Theirs text={j.name} /></To>, width: 280 },
        { id: "status", header: t.common.status, value: (j) => words(j.jobStatus), cell: (j) => <JobState status={j.jobStatus} />, width: 180 },
        { id: "how", header: t.common.buckets, value: (j) => (j.bucketDefinitions?.length ? t.buckets.named : t.common.byCriteria), width: 140 },
        { id: "created", header: t.common.created, time: (j) => j.createdAt },
      ]}
    />
  );
}

const reasons: Array<[string, string]> = [
  ["blockPublicAcls", t.buckets.blocksPublicAcls],
  ["ignorePublicAcls", t.buckets.ignoresPublicAcls],
  ["blockPublicPolicy", t.buckets.blocksPublicPolicies],
  ["restrictPublicBuckets", t.buckets.restrictsPublicBuckets],
];

export function Bucket({ id }: { id: string }) {
  const desk = useDesk();
  const route = useRoute();
  const account = route.query.get("account");
  useEffect(() => desk.title(fill(t.buckets.bucketId, { id: visible(id) })), [desk, id]);
  const found = useResource(
    async (o) => {
      const list = await all(desk.caller, "DescribeBuckets", { maxResults: 50, criteria: { bucketName: { eq: [id] }, ...(account ? { accountId: { eq: [account] } } : {}) } }, (p) => p.buckets, o);
      if (!list[0]) throw new CallError(404, "ResourceNotFoundException", fill(t.buckets.thereIsNoSuchBucketIn, { region: desk.region }));
      return list[0];
    },
    [desk.caller, id, account],
  );
  if (found.error) return <NoPage title={<Theirs text={id} />} error={found.error} retry={found.refresh} />;
  const b = found.data;
  if (!b) return <Header variant="h1"><Theirs text={id} /></Header>;
  const p = b.publicAccess?.permissionConfiguration;
  const level = p?.bucketLevelPermissions;
  const yes = (v: boolean | undefined) => (v === undefined ? t.common.unknown : v ? t.common.yes : t.common.no);
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
              >{t.common.createJob}</Button>
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
              { label: t.common.public, value: <Public value={b.publicAccess?.effectivePermission} /> },
              { label: t.common.shared, value: sharedWords[b.sharedAccess ?? ""] ?? t.common.unknown },
              { label: t.common.encryptionByDefault, value: encryption(b) },
              { label: t.buckets.takesUnencryptedObjects, value: words(b.allowsUnencryptedObjectUploads) },
              { label: t.common.objects, value: count(b.objectCount) },
              { label: t.common.canBeAnalysed, value: count(b.classifiableObjectCount) + " (" + bytes(b.classifiableSizeInBytes) + ")" },
              { label: t.common.size, value: bytes(b.sizeInBytes) },
              { label: t.buckets.versioning, value: yes(b.versioning) },
              { label: t.common.account, value: b.accountId },
              { label: t.buckets.inAJob, value: b.jobDetails?.lastJobId && desk.built("DescribeClassificationJob") ? <To href={desk.link("jobs", b.jobDetails.lastJobId)}>{words(b.jobDetails.isDefinedInJob)}</To> : words(b.jobDetails?.isDefinedInJob) },
              { label: t.common.lastRun, value: <When at={b.jobDetails?.lastJobRunTime} /> },
              { label: t.buckets.lookedAt, value: <When at={b.lastUpdated} /> },
            ]}
          />
        </SpaceBetween>
      </Container>
      <Tabs
        ariaLabel={t.common.bucket}
        tabs={[
          ...(desk.built("ListFindings") ? [{ id: "findings", label: t.common.findings, content: <FindingsOf name={t.common.findingsOfThisBucket} criterion={{ "resourcesAffected.s3Bucket.name": { eq: [b.bucketName!] } }} /> }] : []),
          ...(desk.built("ListClassificationJobs") ? [{ id: "jobs", label: t.common.jobs, content: <JobsOf account={b.accountId ?? ""} bucket={b.bucketName ?? ""} /> }] : []),
          ...(desk.built("GetResourceProfile", "ListResourceProfileDetections", "ListResourceProfileArtifacts") && b.bucketArn ? [{ id: "sensitivity", label: t.common.sensitivity, content: <Sensitivity arn={b.bucketArn} /> }] : []),
          {
            id: "access",
            label: t.buckets.access,
            content: (
              <Container header={<Header variant="h2" description={t.buckets.howItWasFoundWhoCan}>{t.buckets.access}</Header>}>
                <SpaceBetween size="m">
                  <KeyValuePairs
                    columns={2}
                    items={[
                      { label: t.buckets.aclLetsEverybodyRead, value: yes(level?.accessControlList?.allowsPublicReadAccess) },
                      { label: t.buckets.aclLetsEverybodyWrite, value: yes(level?.accessControlList?.allowsPublicWriteAccess) },
                      { label: t.buckets.policyLetsEverybodyRead, value: yes(level?.bucketPolicy?.allowsPublicReadAccess) },
                      { label: t.buckets.policyLetsEverybodyWrite, value: yes(level?.bucketPolicy?.allowsPublicWriteAccess) },
                      { label: t.buckets.replicatedToOtherAccounts, value: yes(b.replicationDetails?.replicatedExternally) },
                      { label: t.buckets.accountsThatItIsReplicatedTo, value: b.replicationDetails?.replicationAccounts?.join(", ") || "–" },
                    ]}
                  />
                  <Table
                    variant="embedded"
                    ariaLabels={{ tableLabel: t.buckets.blockPublicAccess }}
                    items={reasons}
                    columnDefinitions={[
                      { id: "what", header: t.buckets.blockPublicAccess, cell: ([, text]) => text, isRowHeader: true },
                      { id: "bucket", header: t.common.bucket, cell: ([key]) => yes((level?.blockPublicAccess as { [k: string]: boolean } | undefined)?.[key]) },
                      { id: "account", header: t.common.account, cell: ([key]) => yes((p?.accountLevelPermissions?.blockPublicAccess as { [k: string]: boolean } | undefined)?.[key]) },
                    ]}
                  />
                </SpaceBetween>
              </Container>
            ),
          },
          {
            id: "objects",
            label: t.common.objects,
            content: (
              <Container header={<Header variant="h2">{t.buckets.whatIsNotAnalysedAndWhy}</Header>}>
                <SpaceBetween size="m">
                  <KeyValuePairs
                    columns={3}
                    items={[
                      { label: t.buckets.byTypeOfFile, value: count(b.unclassifiableObjectCount?.fileType) + " (" + bytes(b.unclassifiableObjectSizeInBytes?.fileType) + ")" },
                      { label: t.buckets.byStorageClass, value: count(b.unclassifiableObjectCount?.storageClass) + " (" + bytes(b.unclassifiableObjectSizeInBytes?.storageClass) + ")" },
                      { label: t.buckets.together, value: count(b.unclassifiableObjectCount?.total) + " (" + bytes(b.unclassifiableObjectSizeInBytes?.total) + ")" },
                    ]}
                  />
                  <Header variant="h3">{t.buckets.encryptionOfTheObjects}</Header>
                  <KeyValuePairs
                    columns={4}
                    items={[
                      { label: "KMS", value: count((b.objectCountByEncryptionType?.kmsManaged ?? 0) + (b.objectCountByEncryptionType?.customerManaged ?? 0)) },
                      { label: t.buckets.s3Managed, value: count(b.objectCountByEncryptionType?.s3Managed) },
                      { label: t.common.none, value: count(b.objectCountByEncryptionType?.unencrypted) },
                      { label: t.common.unknown, value: count(b.objectCountByEncryptionType?.unknown) },
                    ]}
                  />
                </SpaceBetween>
              </Container>
            ),
          },
          {
            id: "about",
            label: t.buckets.about,
            content: (
              <Container>
                <SpaceBetween size="m">
                  <KeyValuePairs columns={2} items={[{ label: "ARN", value: <span className="mono">{visible(b.bucketArn)}</span> }, { label: t.common.created, value: <When at={b.bucketCreatedAt} /> }, { label: t.buckets.regionOfTheStore, value: visible(b.region) }, { label: t.common.tags, value: <Tags tags={b.tags} /> }]} />
                  <Box variant="small">{t.buckets.bucketsAreLookedAtOnceA}</Box>
                </SpaceBetween>
              </Container>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}
