-- +goose Up

-- One row for each account and Region in which Macie is enabled. standing says which side of the membership relationship the
-- account is on; the foreign keys of member lean on it, so that no account can be administrator and member at once.
-- counted is the number of the account's member records that count against its quota.
create table macie_session (
    region text not null,
    account_id text not null,
    status text not null check (status in ('ENABLED', 'PAUSED')),
    finding_publishing_frequency text not null,
    standing text not null check (standing in ('Standalone', 'Administrator', 'Member')),
    counted bigint not null default 0 check (counted >= 0),
    tags text not null default '',
    created_at bigint not null,
    updated_at bigint not null,
    primary key (region, account_id),
    unique (region, account_id, standing)
);

-- One row for each account in an administrator's inventory. held_status is set while status is AccountSuspended or
-- RegionDisabled: it is the relationship that the account goes back to.
create table member (
    region text not null,
    administrator_id text not null,
    account_id text not null check (account_id <> administrator_id),
    email text,
    status text not null check (status in ('Enabled', 'Paused', 'Invited', 'Created', 'Removed', 'Resigned',
        'EmailVerificationInProgress', 'EmailVerificationFailed', 'RegionDisabled', 'AccountSuspended')),
    held_status text check (held_status in ('Enabled', 'Paused', 'Invited', 'Created', 'Removed', 'Resigned',
        'EmailVerificationInProgress', 'EmailVerificationFailed')),
    tags text not null default '',
    invited_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    administrator_standing text generated always as
        (case when coalesce(held_status, status) in ('Removed', 'Resigned') then null else 'Administrator' end) stored,
    member_standing text generated always as
        (case when coalesce(held_status, status) in ('Enabled', 'Paused') then 'Member' else null end) stored,
    primary key (region, administrator_id, account_id),
    check ((status in ('RegionDisabled', 'AccountSuspended')) = (held_status is not null)),
    foreign key (region, administrator_id, administrator_standing) references macie_session (region, account_id, standing),
    foreign key (region, account_id, member_standing) references macie_session (region, account_id, standing)
);

-- An account has one administrator in a Region, whatever races.
create unique index member_one_administrator on member (region, account_id) where member_standing = 'Member';

-- The default listing shows associated members only; it must not read past thousands of others. No index names status: a change of
-- status that leaves both standings alone then touches no index.
create index member_associated on member (region, administrator_id, account_id) where member_standing = 'Member';

-- An account's records in other accounts' inventories: for a change of the account itself, and for the foreign key of its standing.
create index member_by_account on member (account_id, region);

-- What a recipient has received: one invitation for each administrator and Region. It outlives the administrator's record of a
-- member that declined. declined tells an answered no from a resignation: both read Resigned, only the latter can be accepted again.
create table invitation (
    region text not null,
    account_id text not null,
    administrator_id text not null,
    invitation_id text not null unique,
    status text not null check (status in ('EmailVerificationInProgress', 'EmailVerificationFailed', 'Invited', 'Enabled', 'Paused',
        'Removed', 'Resigned')),
    declined boolean not null default false,
    message text,
    disable_email_notification boolean not null,
    invited_at bigint not null,
    updated_at bigint not null,
    primary key (region, account_id, administrator_id)
);

-- What each side may know of a relationship's past: a row belongs to the account that sees it. ids ascend with time.
create table history (
    account_id text not null,
    region text not null,
    id text not null,
    at bigint not null,
    administrator_id text not null,
    member_id text not null,
    event text not null,
    from_status text not null,
    to_status text not null,
    principal text not null,
    invitation_id text not null,
    detail text not null,
    primary key (account_id, region, id)
);

-- +goose Down
drop table history;
drop table invitation;
drop table member;
drop table macie_session;
