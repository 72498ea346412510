-- +goose Up

-- What findings are selected, sorted and counted by. The whole finding stands in finding_document. A finding belongs to its
-- holder: the account that created the job, or, for a finding of policy, the account that owns the bucket. What is absent in
-- the finding is null here. terms holds the values of all fields that have no column, and detection_* and custom_* the
-- least and the greatest of the counts that a finding has several of.
create table finding (
    region text not null,
    holder text not null,
    id text collate "binary" not null,
    category text not null check (category in ('CLASSIFICATION', 'POLICY')),
    type text collate "binary" not null,
    severity bigint not null check (severity between 1 and 3),
    account_id text not null,
    archived boolean not null,
    sample boolean not null,
    created_at bigint not null,
    updated_at bigint not null,
    counted bigint not null check (counted > 0),
    job_id text,
    bucket text not null,
    resource text collate "binary" not null,
    object_key text,
    extension text,
    first_seen bigint,
    last_seen bigint,
    bucket_created_at bigint,
    object_modified_at bigint,
    size_classified bigint,
    detection_least bigint,
    detection_most bigint,
    custom_least bigint,
    custom_most bigint,
    terms text not null,
    primary key (region, holder, id)
);

create index finding_updated on finding (region, holder, updated_at, id);
create index finding_created on finding (region, holder, created_at, id);
create index finding_job on finding (region, holder, job_id, updated_at, id);
create index finding_bucket on finding (region, holder, bucket, updated_at, id);
create index finding_type on finding (region, holder, type, updated_at, id);
create index finding_severity on finding (region, holder, severity, updated_at, id);

create table finding_document (
    region text not null,
    holder text not null,
    id text not null,
    document text not null,
    primary key (region, holder, id)
);

-- How many findings there are by each attribute that GetFindingStatistics groups by: dimension is the attribute's column in
-- finding, and value what it is.
create table finding_count (
    region text not null,
    holder text not null,
    category text not null,
    dimension text not null,
    value text not null,
    archived boolean not null,
    sample boolean not null,
    counted bigint not null check (counted >= 0),
    primary key (region, holder, dimension, value, category, archived, sample)
);

-- Rules that select findings, in the order of position; those whose action is ARCHIVE suppress what they select.
create table findings_filter (
    region text not null,
    account_id text not null,
    id text not null,
    name text not null,
    description text not null,
    action text not null check (action in ('ARCHIVE', 'NOOP')),
    position bigint not null,
    criteria text not null,
    tags text not null default '',
    created_at bigint not null,
    primary key (region, account_id, id)
);

create index findings_filter_position on findings_filter (region, account_id, position, id);

-- Written by whoever changes the order of an account's rules, so that they do so one after the other.
create table findings_filter_order (
    region text not null,
    account_id text not null,
    changes bigint not null,
    primary key (region, account_id)
);

-- What is published to Security Hub; an account without a row has Macie's defaults.
create table findings_publication (
    region text not null,
    account_id text not null,
    policy_findings boolean not null,
    classification_findings boolean not null,
    primary key (region, account_id)
);

-- +goose Down
drop table findings_publication;
drop table findings_filter_order;
drop table findings_filter;
drop table finding_count;
drop table finding_document;
drop table finding;
