-- +goose Up

-- Object stores. secret is sealed under the master key named beside it and bound to id; it is empty where there is none. buckets is a JSON
-- array of patterns. revision grows with each change of the settings: what was found out with older ones is not written any more.
-- look_due is when the store is to be looked at next, look the number of the last look that began,
-- full_at when all objects were counted last.
create table object_store (
    id text primary key,
    account_id text not null,
    name text not null,
    region text not null,
    kind text not null check (kind in ('s3', 'aws', 'folder')),
    endpoint text not null,
    signing_region text not null,
    virtual_host boolean not null,
    insecure boolean not null,
    access_key_id text not null,
    secret text not null,
    master_key_id text not null,
    role_arn text not null,
    external_id text not null,
    ca text not null,
    buckets text not null,
    max_requests bigint not null,
    max_bandwidth bigint not null,
    origin text not null check (origin in ('operator', 'account')),
    revision bigint not null,
    status text not null check (status in ('New', 'Ready', 'Failing')),
    status_detail text not null,
    look bigint not null,
    look_due bigint not null,
    look_begun_at bigint,
    looked_at bigint,
    full_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    unique (account_id, name)
);

create index object_store_due on object_store (look_due);

-- What is filtered, sorted and counted by; names are those of the contract's BucketMetadata. It is narrow, since criteria may have to read
-- all rows of an account. A null is what is not known. known is false until the store was asked about the bucket. gone_at is when its
-- store was removed. look is the last look at the store that saw it, facts_look the last that asked about it, revision grows with each write.
create table bucket (
    region text collate "binary" not null,
    account_id text collate "binary" not null,
    name text collate "binary" not null,
    store_id text not null,
    created_at bigint,
    look bigint not null,
    facts_look bigint not null,
    revision bigint not null,
    known boolean not null,
    gone_at bigint,
    last_updated bigint not null,
    error_code text,
    error_message text,
    effective_permission text not null,
    shared_access text not null,
    allows_unencrypted text not null,
    sse_type text,
    kms_key_id text,
    versioning boolean not null,
    replicated boolean,
    replicated_externally boolean,
    acl_read boolean,
    acl_write boolean,
    policy_read boolean,
    policy_write boolean,
    block_public_acls boolean,
    ignore_public_acls boolean,
    block_public_policy boolean,
    restrict_public_buckets boolean,
    account_block_public_acls boolean,
    account_ignore_public_acls boolean,
    account_block_public_policy boolean,
    account_restrict_public_buckets boolean,
    object_count bigint,
    size_bytes bigint,
    size_compressed bigint,
    classifiable_count bigint,
    classifiable_size bigint,
    unclassifiable_file_type_count bigint,
    unclassifiable_storage_class_count bigint,
    unclassifiable_count bigint,
    unclassifiable_file_type_size bigint,
    unclassifiable_storage_class_size bigint,
    unclassifiable_size bigint,
    encryption_unknown_count bigint,
    monitoring_status text not null,
    sensitivity_score bigint,
    last_discovery_at bigint,
    defined_in_job text not null,
    monitored_by_job text not null,
    last_job_id text,
    last_job_run_at bigint,
    primary key (region, account_id, name)
);

create index bucket_store on bucket (store_id, look);

-- What is only shown, and what the next look is compared with: facts is JSON.
create table bucket_facts (
    region text collate "binary" not null,
    account_id text collate "binary" not null,
    name text collate "binary" not null,
    facts text not null,
    primary key (region, account_id, name)
);

create table bucket_tag (
    region text collate "binary" not null,
    account_id text collate "binary" not null,
    name text collate "binary" not null,
    key text collate "binary" not null,
    value text not null,
    primary key (region, account_id, name, key)
);

-- The sums over an account's buckets, kept with every change of a bucket: GetBucketStatistics reads one row an account.
create table bucket_statistics (
    region text collate "binary" not null,
    account_id text collate "binary" not null,
    counters text not null,
    revision bigint not null,
    primary key (region, account_id)
);

-- What was counted of a bucket's objects last, if it was another result than before. result is JSON: the counts, by group too, and places
-- to divide the keys at.
create table census (
    region text collate "binary" not null,
    account_id text collate "binary" not null,
    bucket text collate "binary" not null,
    begun_at bigint not null,
    finished_at bigint not null,
    result text not null,
    primary key (region, account_id, bucket)
);

-- Changes of buckets for which Macie has findings. before_at is when the bucket was last seen without it. detail is JSON.
create table bucket_change (
    id text primary key,
    region text not null,
    account_id text not null,
    bucket text not null,
    type text not null,
    before_at bigint not null,
    at bigint not null,
    detail text not null
);

create index bucket_change_account on bucket_change (region, account_id, at);

-- +goose Down
drop table bucket_change;
drop table census;
drop table bucket_statistics;
drop table bucket_tag;
drop table bucket_facts;
drop table bucket;
drop table object_store;
