-- +goose Up

-- Custom data identifiers. definition is what the engine compiles, as JSON. A deleted one stays, for the findings that name it.
create table custom_data_identifier (
    region text not null,
    account_id text not null,
    id text not null,
    name text not null,
    description text not null,
    definition text not null,
    tags text not null default '',
    deleted boolean not null default false,
    created_at bigint not null,
    primary key (region, account_id, id)
);

create index custom_data_identifier_listed on custom_data_identifier (region, account_id, created_at, id);

-- Allow lists: a regular expression, or where the words are.
create table allow_list (
    region text not null,
    account_id text not null,
    id text not null,
    name text not null,
    description text not null,
    kind text not null check (kind in ('regex', 's3WordsList')),
    criteria text not null,
    tags text not null default '',
    created_at bigint not null,
    updated_at bigint not null,
    primary key (region, account_id, id)
);

-- How many of each kind count against an account's quota.
create table identifier_count (
    region text not null,
    account_id text not null,
    kind text not null,
    counted bigint not null check (counted >= 0),
    primary key (region, account_id, kind)
);

-- +goose Down
drop table identifier_count;
drop table allow_list;
drop table custom_data_identifier;
