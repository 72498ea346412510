-- +goose Up

-- Automated discovery of an account that configures it: a standalone one, or the administrator of others. An account without a row has
-- never configured anything. excluded is a JSON array of buckets' names, excluded_now what the last cycle took over of it; template is
-- JSON. cycle numbers the cycles that have begun; one is active while its shares are worked on. due_at is when the next one begins.
-- revision grows with each change.
create table automated_discovery (
    region text not null,
    account_id text not null,
    status text not null check (status in ('ENABLED', 'DISABLED')),
    auto_enable text not null check (auto_enable in ('ALL', 'NEW', 'NONE')),
    first_enabled_at bigint,
    last_updated_at bigint not null,
    disabled_at bigint,
    excluded text not null,
    excluded_now text not null,
    template text not null,
    cycle bigint not null,
    active boolean not null,
    due_at bigint,
    revision bigint not null,
    primary key (region, account_id)
);

create index automated_discovery_due on automated_discovery (due_at);

-- Accounts for which their administrator, or they themselves, have said that automated discovery is on or off. Those without a row follow
-- auto_enable.
create table automated_discovery_account (
    region text not null,
    administrator_id text not null,
    account_id text not null,
    enabled boolean not null,
    primary key (region, administrator_id, account_id)
);

-- Accounts whose buckets have to be given their scores again, since who oversees them or what was configured has changed. Until that is
-- done, their scores are not shown. generation grows with each change.
create table discovery_due (
    region text not null,
    account_id text not null,
    generation bigint not null,
    primary key (region, account_id)
);

-- What a holder, which is the account whose configuration holds, does not see any more of an account's buckets, or of all ('*'), since a
-- moment. What is there is deleted 30 days later, unless it is seen again.
create table discovery_hidden (
    region text not null,
    holder_id text not null,
    account_id text not null,
    since bigint not null,
    primary key (region, holder_id, account_id)
);

create index discovery_hidden_since on discovery_hidden (since);

-- What automated discovery of a holder knows of a bucket of an account: what people set, and as JSON the sums over its parts.
create table bucket_profile (
    region text not null,
    holder_id text not null,
    account_id text not null,
    bucket text collate "binary" not null,
    overridden boolean not null,
    suppressed text not null,
    facts text not null,
    updated_at bigint not null,
    discovered_at bigint,
    revision bigint not null,
    primary key (region, holder_id, account_id, bucket)
);

-- A part is a range of a bucket's keys: those after after_key, up to and including to_key, as inventory.EncodeKey writes them; '' is the
-- beginning and the end. seen has 16 bytes for each object that was analysed, in base64; counts is JSON.
create table sample_part (
    region text not null,
    holder_id text not null,
    account_id text not null,
    bucket text not null,
    id text not null,
    after_key text not null,
    to_key text not null,
    listed_at bigint not null,
    cycle bigint not null,
    counts text not null,
    seen text not null,
    revision bigint not null,
    primary key (region, holder_id, account_id, bucket, id)
);

-- Objects that were analysed and are shown, or whose detections count: those that hold something, and some of the others. id is what seen
-- has of the object. detections is JSON.
create table sample_object (
    region text not null,
    holder_id text not null,
    account_id text not null,
    bucket text not null,
    id text collate "binary" not null,
    part text not null,
    object_key text not null,
    kind bigint not null,
    status text not null,
    detections text not null,
    analysed_at bigint not null,
    primary key (region, holder_id, account_id, bucket, id)
);

-- The cycles of a holder, and what each of them did in the buckets of an account at one store (shares) and in each bucket. settings is
-- JSON: what the cycle looks for. left_shares are those that have not ended.
create table discovery_cycle (
    region text not null,
    account_id text not null,
    cycle bigint not null,
    begun_at bigint not null,
    ended_at bigint,
    status text not null check (status in ('RUNNING', 'COMPLETE', 'STOPPED')),
    settings text not null,
    left_shares bigint not null,
    primary key (region, account_id, cycle)
);

create table discovery_share (
    region text not null,
    account_id text not null,
    cycle bigint not null,
    owner_id text not null,
    store_id text not null,
    bytes bigint not null,
    requests bigint not null,
    objects bigint not null,
    sensitive bigint not null,
    skipped bigint not null,
    ended text not null,
    primary key (region, account_id, cycle, owner_id, store_id)
);

create table discovery_visit (
    region text not null,
    account_id text not null,
    cycle bigint not null,
    owner_id text collate "binary" not null,
    bucket text collate "binary" not null,
    why text not null,
    bytes bigint not null,
    requests bigint not null,
    objects bigint not null,
    sensitive bigint not null,
    skipped bigint not null,
    primary key (region, account_id, cycle, owner_id, bucket)
);

-- A bucket without a score of its own has 1 if it is empty, and else 50.
drop index bucket_by_score;
create index bucket_by_score on bucket (region, account_id, (coalesce(sensitivity_score, case when size_bytes = 0 then 1 else 50 end)), name);

-- +goose Down
drop index bucket_by_score;
create index bucket_by_score on bucket (region, account_id, (coalesce(sensitivity_score, -2)), name);
drop table discovery_visit;
drop table discovery_share;
drop table discovery_cycle;
drop table sample_object;
drop table sample_part;
drop table bucket_profile;
drop table discovery_hidden;
drop table discovery_due;
drop table automated_discovery_account;
drop table automated_discovery;
