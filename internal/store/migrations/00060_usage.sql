-- +goose Up

-- When Macie, and automated discovery, were enabled for an account for the first time. It outlives sessions.
create table usage_account (
    region text collate "binary" not null,
    account_id text collate "binary" not null,
    enabled_at bigint not null,
    automated_at bigint,
    primary key (region, account_id)
);
insert into usage_account (region, account_id, enabled_at) select region, account_id, created_at from macie_session;

-- What was watched on a day, YYYY-MM-DD in UTC: the most of the day. monitored are the objects that automated discovery watched.
-- What is added up, bytes and requests, is in tallies: package usage explains their names.
create table usage_watch (
    region text collate "binary" not null,
    account_id text collate "binary" not null,
    day text collate "binary" not null,
    buckets bigint not null,
    objects bigint not null,
    monitored bigint not null,
    primary key (region, account_id, day)
);

-- +goose Down
drop table usage_watch;
drop table usage_account;
