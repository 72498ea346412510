-- +goose Up

-- The one master key under which secrets of this store are sealed, by a name that gives nothing of it away.
create table master_key (
    singleton bigint primary key check (singleton = 1),
    key_id text not null,
    created_at bigint not null
);

create table account (
    id text primary key check (length(id) = 12),
    email text not null,
    name text not null,
    status text not null check (status in ('Active', 'Suspended', 'Closed')),
    created_at bigint not null,
    updated_at bigint not null
);

-- secret is sealed under the master key named beside it and bound to id; policies is a JSON array of what is attached.
create table access_key (
    id text primary key,
    account_id text not null references account (id),
    user_name text not null,
    master_key_id text not null,
    secret text not null,
    policies text not null,
    status text not null check (status in ('Active', 'Inactive')),
    created_at bigint not null,
    revoked_at bigint
);

create index access_key_account on access_key (account_id, created_at, id);

-- folded_name is the name in lower case: two roles of an account must differ by more than letter case.
create table role (
    id text primary key,
    account_id text not null references account (id),
    name text not null,
    folded_name text not null,
    trust text not null,
    policies text not null,
    max_session_seconds bigint not null check (max_session_seconds between 3600 and 43200),
    created_at bigint not null
);

create unique index role_name on role (account_id, folded_name);

-- +goose Down
drop table role;
drop table access_key;
drop table account;
drop table master_key;
