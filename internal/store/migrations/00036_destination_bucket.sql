-- +goose Up

-- A destination may be a bucket too: the same table, with one more kind.
create table destination_rebuilt (
    id text primary key,
    account_id text not null,
    name text not null,
    region text not null,
    kind text not null check (kind in ('webhook', 'eventbridge', 'securityhub', 'file', 'bucket')),
    settings text not null,
    secret text not null,
    master_key_id text not null,
    enabled boolean not null,
    problem text not null,
    fence bigint not null,
    lease_until bigint not null,
    due_at bigint not null,
    failures bigint not null,
    delivered bigint not null,
    delivered_at bigint,
    created_at bigint not null,
    unique (account_id, name)
);

insert into destination_rebuilt (id, account_id, name, region, kind, settings, secret, master_key_id, enabled, problem, fence, lease_until,
    due_at, failures, delivered, delivered_at, created_at)
    select id, account_id, name, region, kind, settings, secret, master_key_id, enabled, problem, fence, lease_until,
    due_at, failures, delivered, delivered_at, created_at from destination;

drop table destination;
alter table destination_rebuilt rename to destination;

create index destination_place on destination (region, account_id);

-- +goose Down
delete from destination where kind = 'bucket';
