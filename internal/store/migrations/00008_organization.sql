-- +goose Up

-- The Regions that are disabled for an account, with spaces between them: read with the account at every call, never searched.
alter table account add column disabled_regions text not null default '';

create table organization (
    id text primary key,
    management_id text not null unique references account (id),
    created_at bigint not null
);

-- The accounts of organizations, the management account included. An account is in one organization at most.
create table organization_account (
    account_id text primary key references account (id),
    organization_id text not null references organization (id),
    joined_at bigint not null,
    unique (organization_id, account_id)
);

-- The services that an organization trusts.
create table organization_service (
    organization_id text not null references organization (id),
    service_principal text not null,
    enabled_at bigint not null,
    primary key (organization_id, service_principal)
);

-- The accounts that act for their organization in a service. None of them can leave it meanwhile.
create table organization_delegate (
    organization_id text not null,
    account_id text not null,
    service_principal text not null,
    delegated_at bigint not null,
    primary key (organization_id, account_id, service_principal),
    foreign key (organization_id, account_id) references organization_account (organization_id, account_id)
);

-- +goose Down
drop table organization_delegate;
drop table organization_service;
drop table organization_account;
drop table organization;
alter table account drop column disabled_regions;
