-- Tasks that take hours: whose they are, what they belong to, and lines to claim them from in turn; and numbers that are
-- kept rather than counted. Package queue explains the former, package store the latter.

-- +goose Up
alter table task add column tenant text not null default '';   -- the account that a long task is for
alter table task add column group_id text not null default ''; -- what it is paused or cancelled with
alter table task add column started_at bigint;                 -- its first try, or its last progress

-- The long tasks of one kind, tenant and group. A line without tasks is deleted.
create table task_line (
    kind     text   not null,
    tenant   text   not null,
    group_id text   not null,
    ready    bigint not null check (ready >= 0), -- tasks, due or not
    held     bigint not null check (held >= 0),
    turn     bigint not null, -- of task_turn, when it was last served
    primary key (kind, tenant, group_id)
);
create index task_line_of_group on task_line (group_id) where group_id <> '';

-- Groups that are not open.
create table task_group (
    id    text not null primary key,
    state text not null check (state in ('paused', 'cancelled'))
);

-- Who claims tasks of a long kind holds the kind's row.
create table task_turn (
    kind    text   not null primary key,
    turn    bigint not null,           -- counts the tasks that were claimed
    idle_at bigint not null default 0  -- when a worker last found nothing to do while others were busy
);

-- Sums that are kept by transactions which must not wait for each other: each lane adds to a row of its own.
create table tally (
    scope  text   not null,
    name   text   not null,
    shard  bigint not null,
    amount bigint not null,
    primary key (scope, name, shard)
);
insert into tally (scope, name, shard, amount) select 'task', kind, 0, count(*) from task where state = 'ready' group by kind;

-- +goose Down
drop table tally;
drop table task_turn;
drop table task_group;
drop table task_line;
alter table task drop column started_at;
alter table task drop column group_id;
alter table task drop column tenant;
