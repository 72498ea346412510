-- +goose Up

-- Members through an organization have a quota of their own, and so a count.
alter table macie_session add column organization_counted bigint not null default 0 check (organization_counted >= 0);

-- The delegated Macie administrator of an organization in a Region. While it is ENABLED its session has the standing of an
-- administrator, so that it can be nobody's member and cannot end; while it is DISABLING_IN_PROGRESS its members are released, some
-- at a time, and the row goes with the last of them.
create table organization_administrator (
    region text not null,
    organization_id text not null,
    administrator_id text not null,
    status text not null check (status in ('ENABLED', 'DISABLING_IN_PROGRESS')),
    auto_enable boolean not null default false,
    created_at bigint not null,
    updated_at bigint not null,
    administrator_standing text generated always as (case when status = 'ENABLED' then 'Administrator' else null end) stored,
    primary key (region, organization_id, administrator_id),
    foreign key (region, administrator_id, administrator_standing) references macie_session (region, account_id, standing),
    foreign key (organization_id, administrator_id) references organization_account (organization_id, account_id)
);

-- An organization has one in a Region, whatever races.
create unique index organization_administrator_one on organization_administrator (region, organization_id) where status = 'ENABLED';

-- What an account administers: asked at every CreateMember, and by the foreign key of its standing.
create index organization_administrator_account on organization_administrator (administrator_id, region);

-- member once more, with organization_id: the organization that the account is a member through, null for one by invitation.
-- While it is a member, organization_tie holds it to its administrator's designation and to its place in the organization: neither
-- goes away under it.
create table member_rebuilt (
    region text not null,
    administrator_id text not null,
    account_id text not null check (account_id <> administrator_id),
    organization_id text,
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
    organization_tie text generated always as
        (case when coalesce(held_status, status) in ('Enabled', 'Paused') then organization_id else null end) stored,
    primary key (region, administrator_id, account_id),
    check ((status in ('RegionDisabled', 'AccountSuspended')) = (held_status is not null)),
    check (organization_id is null or email is null and coalesce(held_status, status) in ('Enabled', 'Paused', 'Removed')),
    foreign key (region, administrator_id, administrator_standing) references macie_session (region, account_id, standing),
    foreign key (region, account_id, member_standing) references macie_session (region, account_id, standing),
    foreign key (region, organization_tie, administrator_id)
        references organization_administrator (region, organization_id, administrator_id),
    foreign key (organization_tie, account_id) references organization_account (organization_id, account_id)
);
insert into member_rebuilt
    (region, administrator_id, account_id, email, status, held_status, tags, invited_at, created_at, updated_at)
    select region, administrator_id, account_id, email, status, held_status, tags, invited_at, created_at, updated_at from member;
drop table member;
alter table member_rebuilt rename to member;
create unique index member_one_administrator on member (region, account_id) where member_standing = 'Member';
create index member_associated on member (region, administrator_id, account_id) where member_standing = 'Member';
create index member_by_account on member (account_id, region);

-- The members through an organization, by their place in it: for those that leave, and for the foreign key of their tie. Members by
-- invitation are not in it.
create index member_by_organization on member (organization_tie, account_id) where organization_tie is not null;

-- Accounts that could not become members as they joined, because they were suspended or the Region was disabled for them: they become
-- members when that is over.
create table organization_waiting (
    region text not null,
    organization_id text not null,
    account_id text not null,
    primary key (account_id, organization_id, region),
    foreign key (organization_id, account_id) references organization_account (organization_id, account_id)
);

-- quota once more: an account may have one of its own for either kind of members, or for both.
create table quota_rebuilt (
    account_id text primary key,
    members bigint check (members >= 0),
    organization_members bigint check (organization_members >= 0),
    updated_at bigint not null
);
insert into quota_rebuilt (account_id, members, updated_at) select account_id, members, updated_at from quota;
drop table quota;
alter table quota_rebuilt rename to quota;

-- There is no way down: members through an organization have no place in the tables before.
